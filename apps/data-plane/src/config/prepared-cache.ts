import { webcrypto } from 'node:crypto';
import { BoundedFolder, type Logger } from '@torii/service-kit';

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
/**
 * Rewritten modules on disk, by everything their bytes depend on. A file that is not whole is noticed and made again, so
 * nothing is flushed. Without the disk the node goes on and says so once.
 */
export class PreparedCache {
  private readonly options: PreparedCacheOptions;
  private readonly folder: BoundedFolder;
  private isFailing = false;

  constructor(options: PreparedCacheOptions) {
    this.options = options;
    this.folder = new BoundedFolder(options);
  }

  /** The bytes kept under this name, verified; undefined when there are none. */
  async get(name: string): Promise<Uint8Array | undefined> {
    const content = await this.folder.read(name);
    if (content === undefined) return undefined;
    const bytes = content.subarray(headerBytes);
    const isWhole = content.subarray(0, magic.length).equals(magic) && content.subarray(magic.length, headerBytes).equals(await sha256(bytes));
    if (!isWhole) {
      this.options.log.warn({ name }, 'prepared module on disk is damaged and made again');
      await this.folder.remove(name);
      return undefined;
    }
    await this.folder.touch(name);
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
    if (headerBytes + bytes.length > this.options.maxBytes) return;
    await this.folder.write(name, [magic, await sha256(bytes), bytes], { isFlushed: false });
  }
}

/** Away from this thread: megabytes take milliseconds. */
async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await webcrypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}
