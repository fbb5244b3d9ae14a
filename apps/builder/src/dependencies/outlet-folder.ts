import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

const prefix = 'torii-outlet-';
const socketName = 'proxy';
/** Of a path that a socket is bound to, unix(7). */
const pathMaxBytes = 107;
/** Where the folder for temporary files has too long a path. */
const shortTemporary = '/tmp';
/** What is younger may be about to be listened on. */
const abandonedMs = 60_000;
const answerTimeoutMs = 5_000;

/** A folder for one socket that nobody else gets into. */
export interface OutletFolder {
  readonly folder: string;
  readonly socketPath: string;
}

/** Not in a folder of the builder's, whose path may be too long for a socket. */
export async function makeOutletFolder(temporary = tmpdir()): Promise<OutletFolder> {
  const longest = path.join(temporary, `${prefix}XXXXXX`, socketName);
  const folder = await mkdtemp(path.join(Buffer.byteLength(longest) > pathMaxBytes ? shortTemporary : temporary, prefix));
  return { folder, socketPath: path.join(folder, socketName) };
}

/** Removes the folders of builders that were killed: those where nobody listens. What cannot be looked into is not ours, and stays. */
export async function removeAbandonedOutlets(temporary = tmpdir()): Promise<void> {
  for (const place of new Set([temporary, shortTemporary])) {
    const names = await readdir(place).catch(() => []);
    for (const name of names.filter((one) => one.startsWith(prefix))) {
      const folder = path.join(place, name);
      if (await isAbandoned(folder)) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

async function isAbandoned(folder: string): Promise<boolean> {
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || found.uid !== process.getuid?.() || Date.now() - found.mtimeMs < abandonedMs) return false;
  return new Promise((resolve) => {
    const socket = connect({ path: path.join(folder, socketName) });
    socket.setTimeout(answerTimeoutMs, () => socket.destroy());
    socket.once('connect', () => socket.destroy());
    socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED' || code === 'ENOENT'));
    socket.once('close', () => resolve(false));
  });
}
