import { lstat, readdir } from 'node:fs/promises';
import path from 'node:path';

export interface FolderUse {
  readonly files: number;
  readonly bytes: number;
}

const blockBytes = 512;
/** How many files are looked at at a time. */
const batchSize = 64;
const hidden: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG']);

/**
 * What lies in a folder, folders and links themselves counted but not followed. Stops at `filesMax`, so that a folder made
 * to be endless costs no more. What goes away meanwhile does not count; with a folder that nobody can look into, or that is
 * deeper than a path can name, the files are endless.
 */
export async function useOfFolder(folder: string, filesMax: number): Promise<FolderUse> {
  let files = 0;
  let bytes = 0;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined && files <= filesMax; next = waiting.pop()) {
    const current = next;
    const entries = await readdir(current, { withFileTypes: true }).catch(noneWhenGone);
    if (entries === undefined) return { files: Number.POSITIVE_INFINITY, bytes };
    files += entries.length;
    for (const entry of entries) if (entry.isDirectory()) waiting.push(path.join(current, entry.name));
    for (let first = 0; first < entries.length; first += batchSize) {
      const batch = entries.slice(first, first + batchSize).map((entry) => lstat(path.join(current, entry.name)).catch(() => undefined));
      for (const stat of await Promise.all(batch)) bytes += (stat?.blocks ?? 0) * blockBytes;
    }
  }
  return { files, bytes };
}

function noneWhenGone({ code }: NodeJS.ErrnoException): [] | undefined {
  return code !== undefined && hidden.has(code) ? undefined : [];
}
