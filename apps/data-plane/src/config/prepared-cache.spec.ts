import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@torii/service-kit';
import { PreparedCache } from './prepared-cache.js';

describe('PreparedCache', () => {
  let directory: string;
  let logs: Record<string, unknown>[];
  const log = createLogger({ level: 'info', app: 'test' }, { write: (line: string) => void logs.push(JSON.parse(line)) });
  const open = (maxBytes = 1024 * 1024, folder = directory): PreparedCache => new PreparedCache({ directory: folder, maxBytes, log });
  const bytesOf = (fill: number, size = 1000): Uint8Array => new Uint8Array(size).fill(fill);
  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'torii-prepared-'));
    logs = [];
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('gives back what it was given, also to another process later, and nothing under another name', async () => {
    await open().put('a', bytesOf(1));
    expect(Buffer.from((await open().get('a')) ?? [])).toEqual(Buffer.from(bytesOf(1)));
    expect(await open().get('b')).toBeUndefined();
    expect(await readdir(directory)).toEqual(['a']);
  });

  it.each([
    ['cut short', (file: string) => truncate(file, 500)],
    ['empty', (file: string) => truncate(file, 0)],
    ['of something else', (file: string) => writeFile(file, 'not a prepared module')],
    [
      'changed in one byte',
      async (file: string) => {
        const content = await readFile(file);
        content[content.length - 1] = 99;
        await writeFile(file, content);
      },
    ],
  ])('takes a file that is %s for none, removes it, and says so', async (_, damage) => {
    await open().put('a', bytesOf(1));
    await damage(path.join(directory, 'a'));
    expect(await open().get('a')).toBeUndefined();
    expect(await readdir(directory)).toEqual([]);
    expect(logs.map(({ msg }) => msg)).toEqual(['prepared module on disk is damaged and made again']);
  });

  it('holds no more than it may: what was not used for longest goes first', async () => {
    const cache = open(3_500);
    for (const [index, name] of ['a', 'b', 'c'].entries()) {
      await cache.put(name, bytesOf(index));
      const usedAt = new Date(Date.UTC(2020, 0, 1 + index));
      await utimes(path.join(directory, name), usedAt, usedAt);
    }
    await cache.get('a'); // used now
    await cache.put('d', bytesOf(4));
    expect((await readdir(directory)).sort()).toEqual(['a', 'c', 'd']);
    expect(await cache.get('b')).toBeUndefined();
    await cache.put('larger than all of it', bytesOf(5, 4_000));
    expect(await cache.get('larger than all of it')).toBeUndefined();
  });

  it('goes on without a disk, and says so once', async () => {
    const file = path.join(directory, 'a-file');
    await writeFile(file, '');
    const cache = open(1024, path.join(file, 'folder'));
    await cache.put('a', bytesOf(1, 10));
    await cache.put('b', bytesOf(2, 10));
    expect(await cache.get('a')).toBeUndefined();
    expect(logs.map(({ msg }) => msg)).toEqual(['prepared modules cannot be kept on disk']);
  });
});
