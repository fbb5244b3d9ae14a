import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { BuildError } from '@torii/contracts';

/**
 * Reads what a program in the sandbox wrote to the top of a folder that was writable there.
 *
 * Only a regular file of that very name: no link is followed, nothing waits for a pipe, and a hard link is refused. Only
 * at the top, because a folder below could be a link by now. Answers undefined when there is no file; throws
 * `build.too_large`, or `build.compile_failed` for anything that is not a file.
 */
export async function readOutput(folder: string, name: string, maxBytes: number): Promise<Uint8Array | undefined> {
  if (path.basename(name) !== name) throw new Error(`${name} is not the name of a file`);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path.join(folder, name), flags).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    if (error.code === 'ELOOP' || error.code === 'ENXIO') throw notAFile(name);
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const stat = await file.stat();
    if (!stat.isFile() || stat.nlink !== 1) throw notAFile(name);
    if (stat.size > maxBytes) {
      throw new BuildError('build.too_large', `The module has ${stat.size} bytes, and may have ${maxBytes}: leave out what is not needed`);
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function notAFile(name: string): BuildError {
  return new BuildError('build.compile_failed', `The build left something that is not a file where ${name} should be`);
}
