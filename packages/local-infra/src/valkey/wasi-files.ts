import fs from 'node:fs';
import path from 'node:path';
import { errno, WasiError } from './wasi-errno.js';

/** The only directory the guest has, as WASI announces it: descriptor 3, mounted at "/". */
export const rootDescriptor = 3;
const firstFileDescriptor = 4;

export interface OpenOptions {
  readonly read: boolean;
  readonly write: boolean;
  readonly append: boolean;
  readonly create: boolean;
  readonly exclusive: boolean;
  readonly truncate: boolean;
}

/** A file the guest has open, with its own position as POSIX has it. */
export class OpenFile {
  position = 0;

  constructor(
    readonly fd: number,
    public append: boolean,
  ) {}

  /** Fills the buffers in order, from `at` or from the file's position; returns how many bytes there were. */
  read(buffers: readonly Uint8Array[], at?: number): number {
    let total = 0;
    const start = at ?? this.position;
    for (const buffer of buffers) {
      if (buffer.length === 0) continue;
      const count = fs.readSync(this.fd, buffer, 0, buffer.length, start + total);
      total += count;
      if (count < buffer.length) break;
    }
    if (at === undefined) this.position += total;
    return total;
  }

  write(buffers: readonly Uint8Array[]): number {
    let total = 0;
    if (this.append) this.position = fs.fstatSync(this.fd).size;
    for (const buffer of buffers) {
      let offset = 0;
      while (offset < buffer.length) {
        const count = fs.writeSync(this.fd, buffer, offset, buffer.length - offset, this.position);
        offset += count;
        this.position += count;
      }
      total += buffer.length;
    }
    return total;
  }
}

/** Descriptors of a guest that sees one directory and nothing above it. */
export class WasiFiles {
  private readonly open = new Map<number, OpenFile>();
  private next = firstFileDescriptor;

  constructor(private readonly root: string) {}

  /** The path in the real file system. Throws `notcapable` for anything outside the root. */
  resolve(directory: number, relative: string): string {
    if (directory !== rootDescriptor) throw new WasiError(errno.badf);
    const full = path.join(this.root, relative);
    if (full !== this.root && !full.startsWith(this.root + path.sep)) throw new WasiError(errno.notcapable);
    return full;
  }

  openFile(file: string, options: OpenOptions): number {
    const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW } = fs.constants;
    let flags = options.write ? (options.read ? O_RDWR : O_WRONLY) : O_RDONLY;
    if (options.create) flags |= O_CREAT;
    if (options.exclusive) flags |= O_EXCL;
    if (options.truncate) flags |= O_TRUNC;
    // A link in the directory would lead out of it.
    const fd = fs.openSync(file, flags | O_NOFOLLOW, 0o600);
    const descriptor = this.next++;
    this.open.set(descriptor, new OpenFile(fd, options.append));
    return descriptor;
  }

  /** Throws `badf` for a descriptor that is not an open file. */
  get(descriptor: number): OpenFile {
    const file = this.open.get(descriptor);
    if (file === undefined) throw new WasiError(errno.badf);
    return file;
  }

  close(descriptor: number): void {
    const file = this.get(descriptor);
    this.open.delete(descriptor);
    fs.closeSync(file.fd);
  }
}
