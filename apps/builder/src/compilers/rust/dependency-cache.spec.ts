import { access, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DependencyCache } from './dependency-cache.js';

describe('DependencyCache', () => {
  let root: string;
  let folders = 0;
  beforeAll(async () => {
    root = await mkdtemp(path.join(tmpdir(), 'torii-dependencies-'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const never = new AbortController().signal;
  const newFolder = (): string => path.join(root, String(++folders));
  const isThere = (file: string): Promise<boolean> =>
    access(file).then(
      () => true,
      () => false,
    );
  const put =
    (bytes: number, calls: string[] = []) =>
    async (folder: string): Promise<void> => {
      calls.push(path.basename(folder));
      await writeFile(path.join(folder, 'made'), Buffer.alloc(bytes));
    };

  it('makes what is wanted once, for all who want it at the same time and later', async () => {
    const folder = newFolder();
    const calls: string[] = [];
    const cache = new DependencyCache({ folder, maxBytes: 1e9 });
    const use = (): Promise<boolean> => cache.use('a', put(10, calls), (place) => isThere(path.join(place, 'made')), never);
    expect(await Promise.all([use(), use(), use()])).toEqual([true, true, true]);
    const later = new DependencyCache({ folder, maxBytes: 1e9 });
    expect(await later.use('a', put(10, calls), (place) => isThere(path.join(place, 'made')), never)).toBe(true);
    expect(calls).toEqual(['a']);
  });

  it('makes it again after a failure, and in the place of one that fails meanwhile', async () => {
    const cache = new DependencyCache({ folder: newFolder(), maxBytes: 1e9 });
    const fail = async (): Promise<void> => {
      throw new Error('no network');
    };
    const first = cache.use('a', fail, async () => 1, never);
    const second = cache.use('a', put(10), async () => 2, never);
    await expect(first).rejects.toThrow('no network');
    expect(await second).toBe(2);
  });

  it('lets a build that is ended stop waiting for another one', async () => {
    const cache = new DependencyCache({ folder: newFolder(), maxBytes: 1e9 });
    let finish = (): void => undefined;
    const made = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const first = cache.use(
      'a',
      () => made,
      async () => 1,
      never,
    );
    const ended = new AbortController();
    const second = cache.use('a', put(10), async () => 2, ended.signal);
    ended.abort(new Error('too late'));
    await expect(second).rejects.toThrow('too late');
    finish();
    expect(await first).toBe(1);
  });

  it('goes on where making was ended by the deadline of a build, also after a restart', async () => {
    const folder = newFolder();
    const ended = new AbortController();
    const half = async (place: string): Promise<void> => {
      await writeFile(path.join(place, 'half'), '');
      ended.abort(new Error('deadline'));
      throw new Error('deadline');
    };
    await expect(new DependencyCache({ folder, maxBytes: 1e9 }).use('a', half, async () => 1, ended.signal)).rejects.toThrow('deadline');
    let found = false;
    const rest = async (place: string): Promise<void> => {
      found = await isThere(path.join(place, 'half'));
    };
    expect(await new DependencyCache({ folder, maxBytes: 1e9 }).use('a', rest, async () => 2, never)).toBe(2);
    expect(found).toBe(true);
  });

  it('removes what a killed builder has left behind', async () => {
    const folder = newFolder();
    await mkdir(path.join(folder, 'left'), { recursive: true });
    await new DependencyCache({ folder, maxBytes: 1e9 }).use('a', put(10), async () => 1, never);
    expect(await isThere(path.join(folder, 'left'))).toBe(false);
  });

  it('gives up what was not used for longest when all is too much, but nothing that is in use', async () => {
    const folder = newFolder();
    const cache = new DependencyCache({ folder, maxBytes: 250_000 });
    const age = async (key: string, seconds: number): Promise<void> => utimes(path.join(folder, key, 'complete.json'), seconds, seconds);
    await cache.use('oldest', put(100_000), async () => age('oldest', 1_000), never);
    await cache.use('older', put(100_000), async () => age('older', 2_000), never);
    await cache.use(
      'oldest',
      put(100_000),
      async () => {
        await age('oldest', 1_000);
        await cache.use('new', put(100_000), async () => undefined, never);
      },
      never,
    );
    expect(await Promise.all(['oldest', 'older', 'new'].map((key) => isThere(path.join(folder, key))))).toEqual([true, false, true]);
  });
});
