import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BuilderId } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { WorkFolders } from './work-folders.js';

describe('WorkFolders', () => {
  const log = createLogger({ level: 'silent', app: 'test' });
  const id = BuilderId.parse(`br_${randomUUID()}`);
  let root = '';
  let folders: WorkFolders;
  beforeEach(async () => {
    root = path.join(await mkdtemp(path.join(tmpdir(), 'torii-folders-')), 'builds');
    folders = new WorkFolders(root, id, log);
    await folders.open();
  });
  afterEach(() => rm(path.dirname(root), { recursive: true, force: true }));

  it('makes an empty folder that only the builder may read, another one for each attempt at a build', async () => {
    const lost = await folders.make('bd_1');
    await writeFile(path.join(lost, 'left'), '');
    const folder = await folders.make('bd_1');
    expect(await readdir(folder)).toEqual([]);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    await folders.remove(lost);
    expect(await readdir(folder)).toEqual([]);
    await expect(stat(lost)).rejects.toThrow('ENOENT');
  });

  it('makes folders and looks after them again when its own was taken for that of a dead builder', async () => {
    await rm(path.join(root, id), { recursive: true });
    await folders.sweep();
    expect(await readdir(root)).toEqual([id]);
    await rm(path.join(root, id), { recursive: true });
    expect(await readdir(await folders.make('bd_4'))).toEqual([]);
  });

  it('removes what dead builders left behind, and nothing of those that live', async () => {
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const name of ['br_dead', 'br_alive']) await mkdir(path.join(root, name, 'bd_2'), { recursive: true });
    await utimes(path.join(root, 'br_dead'), longAgo, longAgo);
    await utimes(path.join(root, id), longAgo, longAgo);
    await folders.sweep();
    expect((await readdir(root)).sort()).toEqual(['br_alive', id].sort());
    const another = new WorkFolders(root, BuilderId.parse(`br_${randomUUID()}`), log);
    await another.open(); // ours has just said that it lives
    expect(await readdir(root)).toContain(id);
  });

  it('follows no link out of a folder that it removes', async () => {
    const host = path.join(path.dirname(root), 'host-file');
    await writeFile(host, 'precious');
    const folder = await folders.make('bd_3');
    await symlink(path.dirname(host), path.join(folder, 'up'));
    await folders.remove(folder);
    expect((await stat(host)).size).toBe(8);
    await folders.close();
    expect(await readdir(root)).toEqual([]);
  });
});
