import { type Dir, type Dirent, lstatSync, opendirSync } from 'node:fs';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';

export interface FolderUse {
  readonly files: number;
  readonly bytes: number;
}

const blockBytes = 512;
/** How many files are looked at before others get their turn. To wait for the answer of each would cost several times as much. */
const batchSize = 64;
const hidden: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'ENAMETOOLONG']);

/**
 * What lies in a folder, folders and links themselves counted but not followed. Stops at `filesMax`, so that a folder made
 * to be endless costs no more. What goes away meanwhile does not count; with a folder that nobody can look into, or that is
 * deeper than a path can name, the files are endless.
 */
export async function useOfFolder(folder: string, filesMax: number): Promise<FolderUse> {
  let [files, bytes] = [0, 0];
  const waiting = [folder];
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    const opened = open(current);
    if (opened === 'hidden') return { files: Number.POSITIVE_INFINITY, bytes };
    if (opened === 'gone') continue;
    try {
      for (let entry = next(opened); entry !== null && files <= filesMax; entry = next(opened)) {
        const place = path.join(current, entry.name);
        files += 1;
        bytes += bytesOf(place);
        if (entry.isDirectory()) waiting.push(place);
        if (files % batchSize === 0) await setImmediate();
      }
    } finally {
      opened.closeSync();
    }
    if (files > filesMax) break;
  }
  return { files, bytes };
}

function open(folder: string): Dir | 'hidden' | 'gone' {
  try {
    return opendirSync(folder, { bufferSize: batchSize });
  } catch (error) {
    return hidden.has((error as NodeJS.ErrnoException).code) ? 'hidden' : 'gone';
  }
}

function next(folder: Dir): Dirent | null {
  try {
    return folder.readSync();
  } catch {
    return null;
  }
}

/** Nothing for what is gone. */
function bytesOf(place: string): number {
  try {
    return (lstatSync(place, { throwIfNoEntry: false })?.blocks ?? 0) * blockBytes;
  } catch {
    return 0;
  }
}
