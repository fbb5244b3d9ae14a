import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { useOfFolder } from '../../sandbox/folder-use.js';
import { removeTree } from '../../sandbox/remove-tree.js';

const completeFile = 'complete.json';
/** In the place of that one, where making was ended before its time. */
const partialFile = 'partial.json';
const filesMax = 200_000;
/** A cache over its bound is cleared to this part of it, so that not every entry that is added looks through it again. */
const keptPart = 0.9;

export interface DependencyCacheOptions {
  /** Of this builder alone. */
  readonly folder: string;
  /** The least recently used entries go when all together hold more, unless a build works with them. */
  readonly maxBytes: number;
}

/**
 * Folders that are made once for a set of dependencies and only read after that, one for each key. They are made in their
 * place, since what cargo compiles remembers where it lies, and count once they are complete.
 */
export class DependencyCache {
  private readonly inUse = new Map<string, number>();
  private readonly making = new Map<string, Promise<void>>();
  private started: Promise<void> | undefined;

  constructor(private readonly options: DependencyCacheOptions) {}

  /**
   * Calls `work` with the folder of a key, which stays until it ends. `make` fills it first when it is not there, and goes on
   * where it was when `signal` ended it; builds that want the same at the same time wait for one of them. Throws what `make`
   * or `work` throws, and `signal`'s reason while it waits.
   */
  async use<Result>(
    key: string,
    make: (folder: string) => Promise<void>,
    work: (folder: string) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    this.started ??= this.removeIncomplete();
    await this.started;
    const folder = path.join(this.options.folder, key);
    this.inUse.set(key, (this.inUse.get(key) ?? 0) + 1);
    try {
      while (!(await isComplete(folder))) {
        const other = this.making.get(key);
        if (other === undefined) await this.make(key, () => this.fill(folder, make, signal));
        // When it fails there this build tries itself: the reason may be the other's own, such as its deadline.
        else
          await orAborted(
            other.catch(() => undefined),
            signal,
          );
      }
      await touch(folder);
      return await work(folder);
    } finally {
      this.release(key);
    }
  }

  private async make(key: string, fill: () => Promise<void>): Promise<void> {
    const made = fill();
    this.making.set(key, made);
    try {
      await made;
    } finally {
      this.making.delete(key);
    }
  }

  private async fill(folder: string, make: (folder: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    try {
      await make(folder);
      await writeUse(folder, completeFile);
      await rm(path.join(folder, partialFile), { force: true });
    } catch (error) {
      if (signal.aborted) await writeUse(folder, partialFile);
      else await removeTree(folder);
      throw error;
    }
    await this.prune();
  }

  private release(key: string): void {
    const left = (this.inUse.get(key) ?? 1) - 1;
    if (left === 0) this.inUse.delete(key);
    else this.inUse.set(key, left);
  }

  private async prune(): Promise<void> {
    const entries: { readonly key: string; readonly bytes: number; readonly usedAtMs: number }[] = [];
    for (const key of await readdir(this.options.folder)) {
      const use = await useOf(path.join(this.options.folder, key));
      if (use !== undefined) entries.push({ key, ...use });
    }
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0);
    if (total <= this.options.maxBytes) return;
    for (const { key, bytes } of entries.sort((one, other) => one.usedAtMs - other.usedAtMs)) {
      if (total <= this.options.maxBytes * keptPart) return;
      if (this.inUse.has(key)) continue;
      await removeTree(path.join(this.options.folder, key));
      total -= bytes;
    }
  }

  /** What a builder that was killed has left behind. */
  private async removeIncomplete(): Promise<void> {
    const { folder } = this.options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const key of await readdir(folder)) {
      if ((await useOf(path.join(folder, key))) === undefined) await removeTree(path.join(folder, key));
    }
  }
}

async function writeUse(folder: string, name: string): Promise<void> {
  const { bytes } = await useOfFolder(folder, filesMax);
  await writeFile(path.join(folder, name), JSON.stringify({ bytes }));
}

/** Undefined for a folder that nothing is known of. */
async function useOf(folder: string): Promise<{ readonly bytes: number; readonly usedAtMs: number } | undefined> {
  for (const name of [completeFile, partialFile]) {
    const file = path.join(folder, name);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const { bytes } = JSON.parse(text) as { readonly bytes: number };
    return { bytes, usedAtMs: (await stat(file)).mtimeMs };
  }
  return undefined;
}

function isComplete(folder: string): Promise<boolean> {
  return stat(path.join(folder, completeFile)).then(
    () => true,
    () => false,
  );
}

async function touch(folder: string): Promise<void> {
  const now = new Date();
  await utimes(path.join(folder, completeFile), now, now);
}

async function orAborted(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  let abort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
  });
  try {
    await Promise.race([wait, aborted]);
  } finally {
    if (abort !== undefined) signal.removeEventListener('abort', abort);
  }
}
