import { randomUUID, webcrypto } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Logger } from '@torii/service-kit';

export interface PreparedCacheOptions {
  /** Holds one file per rewritten module. */
  readonly directory: string;
  /** The least recently used files go when the folder holds more (bytes). */
  readonly maxBytes: number;
  readonly log: Logger;
}

/** What a file begins with, before the sha256 of what follows it. */
const magic = Buffer.from('torii-p1');
const digestBytes = 32;
const headerBytes = magic.length + digestBytes;
/** A folder over its bound is cleared to this part of it, so that not every file that is added looks through it again. */
const keptPart = 0.9;

/**
 * Rewritten modules on disk, by everything their bytes depend on. A file that is not whole is noticed and made again, so
 * nothing is flushed. Without the disk the node goes on and says so once.
 */
export class PreparedCache {
  private readonly options: PreparedCacheOptions;
  /** Undefined until the folder was looked through. */
  private totalBytes: number | undefined;
  private isFailing = false;

  constructor(options: PreparedCacheOptions) {
    this.options = options;
  }

  /** The bytes kept under this name, verified; undefined when there are none. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const file = path.join(this.options.directory, name);
    const content = await readFile(file).catch(() => undefined);
    if (content === undefined) return undefined;
    const bytes = content.subarray(headerBytes);
    const isWhole = content.subarray(0, magic.length).equals(magic) && content.subarray(magic.length, headerBytes).equals(await sha256(bytes));
    if (!isWhole) {
      this.options.log.warn({ name }, 'prepared module on disk is damaged and made again');
      await rm(file, { force: true }).catch(() => undefined);
      return undefined;
    }
    const now = new Date();
    await utimes(file, now, now).catch(() => undefined);
    return bytes;
  }

  /** Never throws: a disk that cannot be written costs time at the next start, no more. */
  async put(name: string, bytes: Uint8Array): Promise<void> {
    try {
      await this.write(name, bytes);
      this.isFailing = false;
    } catch (error) {
      if (!this.isFailing) this.options.log.warn({ err: error }, 'prepared modules cannot be kept on disk');
      this.isFailing = true;
    }
  }

  private async write(name: string, bytes: Uint8Array): Promise<void> {
    const { directory, maxBytes } = this.options;
    const sizeBytes = headerBytes + bytes.length;
    if (sizeBytes > maxBytes) return;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    // Not by process id: in containers that share the folder it is the same.
    const temporary = path.join(directory, `.${name}.${randomUUID()}`);
    try {
      await writeFile(temporary, [magic, await sha256(bytes), bytes], { mode: 0o600 });
      await rename(temporary, path.join(directory, name)); // whole or not at all, unless the machine itself fails
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      throw error;
    }
    this.totalBytes = this.totalBytes === undefined ? await this.prune(name) : this.totalBytes + sizeBytes;
    if (this.totalBytes > maxBytes) this.totalBytes = await this.prune(name);
  }

  /** Removes what was not used for longest until the folder is within its bound; answers what is left (bytes). */
  private async prune(keep: string): Promise<number> {
    const { directory, maxBytes } = this.options;
    const files: { readonly name: string; readonly sizeBytes: number; readonly usedAtMs: number }[] = [];
    for (const name of await readdir(directory)) {
      const entry = await stat(path.join(directory, name)).catch(() => undefined);
      if (entry !== undefined) files.push({ name, sizeBytes: entry.size, usedAtMs: entry.mtimeMs });
    }
    let totalBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
    if (totalBytes <= maxBytes) return totalBytes;
    for (const file of files.sort((a, b) => a.usedAtMs - b.usedAtMs)) {
      if (totalBytes <= maxBytes * keptPart) break;
      if (file.name === keep) continue;
      await rm(path.join(directory, file.name), { force: true });
      totalBytes -= file.sizeBytes;
    }
    return totalBytes;
  }
}

/** Away from this thread: megabytes take milliseconds. */
async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
