import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createPrivateFile, readPrivateFile, writePrivateFile } from './private-file.js';

let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'torii-private-'));
  file = path.join(home, 'folder', 'secret');
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('private files', () => {
  it('can be read by their owner only, and leave nothing else behind', async () => {
    await writePrivateFile(file, 'one');
    await writePrivateFile(file, 'two');
    expect(await readPrivateFile(file)).toBe('two');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(file))).toEqual(['secret']);
  });

  it('are made by exactly one of many who try at once', async () => {
    const made = await Promise.all(Array.from({ length: 10 }, (_, index) => createPrivateFile(file, `by ${index}`)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect(await readPrivateFile(file)).toBe(`by ${made.indexOf(true)}`);
    expect(await readdir(path.dirname(file))).toEqual(['secret']);
  });

  it('are undefined when they are missing or empty', async () => {
    expect(await readPrivateFile(file)).toBeUndefined();
    const empty = path.join(home, 'empty');
    await writeFile(empty, ' \n');
    expect(await readPrivateFile(empty)).toBeUndefined();
  });
});
