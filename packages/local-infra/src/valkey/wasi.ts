import fs from 'node:fs';
import { errno, errnoOf, WasiError } from './wasi-errno.js';
import { rootDescriptor, WasiFiles } from './wasi-files.js';

type WasiArgument = number & bigint;
type WasiCall = (...args: WasiArgument[]) => number;

const fileType = { characterDevice: 2, directory: 3, regularFile: 4 } as const;
const openFlag = { create: 1, directory: 2, exclusive: 4, truncate: 8 } as const;
const right = { read: 2n, write: 64n } as const;
const allRights = 0x1fff_ffffn;
const appendFlag = 1;
const realtimeClock = 0;
const standardInput = 0;

export interface WasiOptions {
  /** The directory the guest sees as "/". */
  readonly root: string;
  /** The guest's memory as it is now; it moves when it grows. */
  readonly memory: () => ArrayBufferLike;
  /** Takes what the guest prints on standard output and error. */
  readonly print: (bytes: Uint8Array) => void;
  readonly exit: (code: number) => void;
}

/**
 * The calls of WASI preview 1 that valkey.wasm imports, over one directory.
 *
 * Not node:wasi: a garbage collection during one of its native fast calls corrupts the heap of Node 20 to 22
 * (nodejs/node#46777), which showed as a segmentation fault in 6 of 87 load runs, and with this in 0 of 162.
 * Spec: https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md
 */
export function createWasi(options: WasiOptions): Record<string, WasiCall> {
  const calls = { ...environmentCalls(options), ...descriptorCalls(options) };
  return Object.fromEntries(Object.entries(calls).map(([name, call]) => [name, answeringErrno(call)]));
}

/** A guest must see an error number, never a JavaScript exception that unwinds it. */
function answeringErrno(call: (...args: WasiArgument[]) => number | undefined): WasiCall {
  return (...args) => {
    try {
      return call(...args) ?? errno.success;
    } catch (error) {
      return errnoOf(error);
    }
  };
}

type RawCalls = Record<string, (...args: WasiArgument[]) => number | undefined>;

function environmentCalls({ memory, exit }: WasiOptions): RawCalls {
  const notThere = (): number => errno.nosys;
  return {
    environ_get: () => errno.success,
    environ_sizes_get(countPointer, sizePointer) {
      const view = new DataView(memory());
      view.setUint32(countPointer, 0, true);
      view.setUint32(sizePointer, 0, true);
      return errno.success;
    },
    clock_time_get(clock, _precision, resultPointer) {
      const nanoseconds = clock === realtimeClock ? BigInt(Date.now()) * 1_000_000n : process.hrtime.bigint();
      new DataView(memory()).setBigUint64(resultPointer, nanoseconds, true);
      return errno.success;
    },
    sched_yield: () => errno.success,
    proc_exit(code) {
      exit(code);
      return errno.success;
    },
    // Imported, but on no path that this build of Valkey takes: there are no sockets or directories to list here.
    fd_readdir: notThere,
    fd_renumber: notThere,
    poll_oneoff: notThere,
    sock_shutdown: notThere,
  };
}

function descriptorCalls({ root, memory, print }: WasiOptions): RawCalls {
  const files = new WasiFiles(root);
  const view = (): DataView => new DataView(memory());
  const text = (pointer: number, size: number): string => Buffer.from(memory(), pointer, size).toString('utf8');
  const buffers = (pointer: number, count: number): Uint8Array[] => {
    const at = view();
    return Array.from({ length: count }, (_, index) => {
      const entry = pointer + index * 8;
      return new Uint8Array(memory(), at.getUint32(entry, true), at.getUint32(entry + 4, true));
    });
  };
  const isStandardOutput = (descriptor: number): boolean => descriptor === 1 || descriptor === 2;
  const isStandard = (descriptor: number): boolean => descriptor === standardInput || isStandardOutput(descriptor);

  return {
    fd_prestat_get(descriptor, resultPointer) {
      if (descriptor !== rootDescriptor) return errno.badf;
      view().setUint8(resultPointer, 0);
      view().setUint32(resultPointer + 4, 1, true);
      return errno.success;
    },
    fd_prestat_dir_name(descriptor, namePointer) {
      if (descriptor !== rootDescriptor) return errno.badf;
      view().setUint8(namePointer, '/'.charCodeAt(0));
      return errno.success;
    },
    fd_fdstat_get(descriptor, resultPointer) {
      const at = view();
      const isDirectory = descriptor === rootDescriptor;
      const file = isDirectory || isStandard(descriptor) ? undefined : files.get(descriptor);
      at.setUint8(resultPointer, isDirectory ? fileType.directory : file === undefined ? fileType.characterDevice : fileType.regularFile);
      at.setUint16(resultPointer + 2, file?.append === true ? appendFlag : 0, true);
      at.setBigUint64(resultPointer + 8, allRights, true);
      at.setBigUint64(resultPointer + 16, allRights, true);
      return errno.success;
    },
    fd_fdstat_set_flags(descriptor, flags) {
      files.get(descriptor).append = (flags & appendFlag) !== 0;
      return errno.success;
    },
    path_open(directory, _lookup, namePointer, nameSize, openFlags, rights, _inherited, descriptorFlags, resultPointer) {
      const file = files.resolve(directory, text(namePointer, nameSize));
      if ((openFlags & openFlag.directory) !== 0) return fs.statSync(file).isDirectory() ? errno.nosys : errno.notdir;
      const descriptor = files.openFile(file, {
        read: (rights & right.read) !== 0n,
        write: (rights & right.write) !== 0n,
        append: (descriptorFlags & appendFlag) !== 0,
        create: (openFlags & openFlag.create) !== 0,
        exclusive: (openFlags & openFlag.exclusive) !== 0,
        truncate: (openFlags & openFlag.truncate) !== 0,
      });
      view().setUint32(resultPointer, descriptor, true);
      return errno.success;
    },
    fd_close(descriptor) {
      if (!isStandard(descriptor)) files.close(descriptor);
      return errno.success;
    },
    fd_read(descriptor, vectors, count, resultPointer) {
      const size = descriptor === standardInput ? 0 : files.get(descriptor).read(buffers(vectors, count));
      view().setUint32(resultPointer, size, true);
      return errno.success;
    },
    fd_pread(descriptor, vectors, count, offset, resultPointer) {
      view().setUint32(resultPointer, files.get(descriptor).read(buffers(vectors, count), Number(offset)), true);
      return errno.success;
    },
    fd_write(descriptor, vectors, count, resultPointer) {
      const parts = buffers(vectors, count);
      let size = 0;
      if (isStandardOutput(descriptor)) {
        for (const part of parts) {
          // Copied: the guest may reuse its memory before the stream has written it.
          print(part.slice());
          size += part.length;
        }
      } else {
        size = files.get(descriptor).write(parts);
      }
      view().setUint32(resultPointer, size, true);
      return errno.success;
    },
    fd_seek(descriptor, offset, whence, resultPointer) {
      if (isStandard(descriptor)) return errno.spipe;
      const file = files.get(descriptor);
      const base = [0, file.position, fs.fstatSync(file.fd).size][whence];
      if (base === undefined || base + Number(offset) < 0) return errno.inval;
      file.position = base + Number(offset);
      view().setBigUint64(resultPointer, BigInt(file.position), true);
      return errno.success;
    },
    fd_sync(descriptor) {
      if (descriptor !== rootDescriptor) fs.fsyncSync(files.get(descriptor).fd);
      return errno.success;
    },
    fd_filestat_get(descriptor, resultPointer) {
      const stats = descriptor === rootDescriptor ? fs.statSync(root) : fs.fstatSync(files.get(descriptor).fd);
      return writeStats(view(), resultPointer, stats);
    },
    fd_filestat_set_size(descriptor, size) {
      fs.ftruncateSync(files.get(descriptor).fd, Number(size));
      return errno.success;
    },
    path_filestat_get(directory, _lookup, namePointer, nameSize, resultPointer) {
      return writeStats(view(), resultPointer, fs.statSync(files.resolve(directory, text(namePointer, nameSize))));
    },
    path_create_directory(directory, namePointer, nameSize) {
      fs.mkdirSync(files.resolve(directory, text(namePointer, nameSize)), { mode: 0o700 });
      return errno.success;
    },
    path_rename(fromDirectory, fromPointer, fromSize, toDirectory, toPointer, toSize) {
      const from = files.resolve(fromDirectory, text(fromPointer, fromSize));
      fs.renameSync(from, files.resolve(toDirectory, text(toPointer, toSize)));
      return errno.success;
    },
    path_unlink_file(directory, namePointer, nameSize) {
      fs.unlinkSync(files.resolve(directory, text(namePointer, nameSize)));
      return errno.success;
    },
  };
}

/** Layout of `filestat` in the spec: device, inode, type, links, size, then three times in nanoseconds. */
function writeStats(view: DataView, pointer: number, stats: fs.Stats): number {
  if (!stats.isFile() && !stats.isDirectory()) throw new WasiError(errno.notcapable);
  const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms * 1e6));
  view.setBigUint64(pointer, BigInt(stats.dev), true);
  view.setBigUint64(pointer + 8, BigInt(stats.ino), true);
  view.setUint8(pointer + 16, stats.isDirectory() ? fileType.directory : fileType.regularFile);
  view.setBigUint64(pointer + 24, BigInt(stats.nlink), true);
  view.setBigUint64(pointer + 32, BigInt(stats.size), true);
  view.setBigUint64(pointer + 40, nanoseconds(stats.atimeMs), true);
  view.setBigUint64(pointer + 48, nanoseconds(stats.mtimeMs), true);
  view.setBigUint64(pointer + 56, nanoseconds(stats.ctimeMs), true);
  return errno.success;
}
