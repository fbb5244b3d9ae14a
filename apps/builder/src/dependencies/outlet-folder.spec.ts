import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { makeOutletFolder, type OutletFolder, removeAbandonedOutlets } from './outlet-folder.js';

describe('the folder of an outlet', () => {
  let temporary: string;
  beforeEach(async () => {
    temporary = await mkdtemp(path.join(tmpdir(), 'torii-temporary-'));
  });
  afterEach(() => rm(temporary, { recursive: true, force: true }));

  async function agedFolder(): Promise<OutletFolder> {
    const made = await makeOutletFolder(temporary);
    await utimes(made.folder, 0, 0);
    return made;
  }

  /** As a builder leaves it that is killed while it fetches. */
  async function killedIn({ folder, socketPath }: OutletFolder): Promise<void> {
    const listens = "require('node:net').createServer().listen(process.argv[1], () => console.log('listening'))";
    const child = spawn(process.execPath, ['-e', listens, socketPath], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'close');
    await utimes(folder, 0, 0);
  }

  it('is removed when its builder was killed, and only then', async () => {
    const [killed, early, listenedTo, young] = [await agedFolder(), await agedFolder(), await agedFolder(), await makeOutletFolder(temporary)];
    await killedIn(killed);
    const server = createServer();
    await once(server.listen(listenedTo.socketPath), 'listening');
    await utimes(listenedTo.folder, 0, 0);
    await mkdir(path.join(temporary, 'of-somebody-else'));
    expect(await readdir(killed.folder)).toEqual(['proxy']);

    await removeAbandonedOutlets(temporary);

    const left = [listenedTo.folder, young.folder].map((folder) => path.basename(folder));
    expect((await readdir(temporary)).sort()).toEqual(['of-somebody-else', ...left].sort());
    expect(left).not.toContain(path.basename(early.folder));
    server.close();
  });

  it('has a path that a socket can have, however long that of temporary files is', async () => {
    const long = path.join(temporary, 'x'.repeat(100));
    await mkdir(long);

    const { folder, socketPath } = await makeOutletFolder(long);

    const server = createServer();
    await once(server.listen(socketPath), 'listening');
    server.close();
    await rm(folder, { recursive: true });
  });
});
