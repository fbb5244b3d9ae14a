import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const read = (file) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');

describe('docs/dependencies.md', () => {
  it('has every package of the catalog and every binary of Node, and no other', () => {
    const catalog = read('pnpm-workspace.yaml').match(/^catalog:\n((?: {2}.*\n)+)/m)?.[1] ?? '';
    const packages = [...catalog.matchAll(/^ {2}"?([^":\s]+)"?:/gm)].map(([, name]) => name);
    const binaries = Object.keys(JSON.parse(read('package.json')).optionalDependencies);
    const named = [...read('docs/dependencies.md').matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell]) =>
      cell.split(', ').map((name) => name.slice(1, -1)),
    );
    expect(named.sort()).toEqual([...packages, ...binaries].sort());
  });
});
