import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Writes files, with their folders, into an empty folder. Paths are relative and without `..`. */
export async function writeFiles(folder: string, files: Iterable<readonly [string, Uint8Array | string]>): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [file, content] of files) {
    const target = path.join(folder, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content, { flag: 'wx' });
  }
}
