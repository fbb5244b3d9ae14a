import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Writes a file only its owner may read (mode 0600): whole or not at all, replacing what was there. */
export function writePrivateFile(file: string, text: string): Promise<void> {
  return write(file, text, rename);
}

/** The same for a file that must not be there yet; of several processes that try at once exactly one gets `true`. */
export async function createPrivateFile(file: string, text: string): Promise<boolean> {
  try {
    await write(file, text, link);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
/** The text of a file without the white space around it; undefined when there is no such file, or nothing in it. */
export async function readPrivateFile(file: string): Promise<string | undefined> {
  try {
    const text = (await readFile(file, 'utf8')).trim();
    return text === '' ? undefined : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function write(file: string, text: string, moveIntoPlace: (from: string, to: string) => Promise<void>): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(`${text}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await moveIntoPlace(temporary, file);
  } finally {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
