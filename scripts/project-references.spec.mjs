import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';

const root = path.join(import.meta.dirname, '..');
const projects = ['apps', 'packages'].flatMap((folder) => readdirSync(path.join(root, folder)).map((name) => `${folder}/${name}`));
const json = (file) => JSON.parse(readFileSync(path.join(root, file), 'utf8'));

describe('tsconfig.json', () => {
  // `npm start` builds the apps and what they refer to, nothing else: what is left out would be missing on a fresh checkout.
  it.each(projects)('of %s refers to every package of ours that it depends on', (project) => {
    const needed = Object.keys(json(`${project}/package.json`).dependencies ?? {})
      .filter((name) => name.startsWith('@torii/'))
      .map((name) => `packages/${name.slice('@torii/'.length)}`);
    const references = (json(`${project}/tsconfig.json`).references ?? []).map(({ path: to }) => path.posix.join(project, to));
    expect([...references].sort()).toEqual(expect.arrayContaining([...needed].sort()));
  });
});
