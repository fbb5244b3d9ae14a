import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** A sha256 over names and contents of all files below a folder. */
export async function folderDigest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  for (const file of files.sort()) {
    hash.update(`${path.relative(folder, file)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

/** The same, short: what a toolchain says of sources of ours that it builds into modules. */
export async function shortDigest(folder: string): Promise<string> {
  return (await folderDigest(folder)).slice(0, 12);
}
