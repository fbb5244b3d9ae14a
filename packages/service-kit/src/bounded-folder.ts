import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';

export interface BoundedFolderOptions {
  readonly directory: string;
  /** The least recently used files go when the folder holds more (bytes). */
  readonly maxBytes: number;
}

/** A folder over its bound is cleared to this part of it, so that not every file that is added looks through it again. */
const keptPart = 0.9;

/**
 * A folder of files that are written whole or not at all, and bounded in all. Several processes may share it, each of
 * which then bounds what it adds itself.
 */
export class BoundedFolder {
  private readonly options: BoundedFolderOptions;
  /** Undefined until the folder was looked through. */
  private totalBytes: number | undefined;

  constructor(options: BoundedFolderOptions) {
    this.options = options;
  }

  /** The file's bytes; undefined when there is none, or none that can be read. */
  async read(name: string): Promise<Buffer | undefined> {
    return readFile(this.pathOf(name)).catch(() => undefined);
  }

  /** Notes that the file was used. Never throws. */
  async touch(name: string): Promise<void> {
    const now = new Date();
    await utimes(this.pathOf(name), now, now).catch(() => undefined);
  }

  /** Never throws. */
  async remove(name: string): Promise<void> {
    await rm(this.pathOf(name), { force: true }).catch(() => undefined);
  }

  /**
   * Writes a file and makes room for it. `isFlushed` waits until it is safe from a failure of the machine. Throws the
   * system's error, and leaves nothing behind.
   */
  async write(name: string, parts: readonly Uint8Array[], { isFlushed }: { readonly isFlushed: boolean }): Promise<void> {
    const { directory, maxBytes } = this.options;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Not by process id: in containers that share the folder it is the same.
    const temporary = this.pathOf(`.${name}.${randomUUID()}`);
    try {
      const file = await open(temporary, 'w', 0o600);
      try {
        await file.writeFile(parts);
        if (isFlushed) await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, this.pathOf(name));
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    const addedBytes = parts.reduce((sum, part) => sum + part.length, 0);
    this.totalBytes = this.totalBytes === undefined ? await this.prune(name) : this.totalBytes + addedBytes;
    if (this.totalBytes > maxBytes) this.totalBytes = await this.prune(name);
  }

  private pathOf(name: string): string {
    return path.join(this.options.directory, name);
  }

  /** Removes what was not used for longest until the folder is within its bound; answers what is left (bytes). */
  private async prune(keep: string): Promise<number> {
    const { directory, maxBytes } = this.options;
    const files: { readonly name: string; readonly sizeBytes: number; readonly usedAtMs: number }[] = [];
    for (const name of await readdir(directory)) {
      const entry = await stat(this.pathOf(name)).catch(() => undefined);
      if (entry !== undefined) files.push({ name, sizeBytes: entry.size, usedAtMs: entry.mtimeMs });
    }
    let totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (totalBytes <= maxBytes) return totalBytes;
    for (const file of files.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (totalBytes <= maxBytes * keptPart) break;
      if (file.name === keep) continue;
      await rm(this.pathOf(file.name), { force: true });
      totalBytes -= file.sizeBytes;
    }
    return totalBytes;
  }
}
