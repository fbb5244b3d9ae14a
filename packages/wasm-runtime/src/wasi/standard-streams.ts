import { errno } from './errno.js';
import type { WasiFunctions } from './wasi-function.js';

const stdin = 0;
const stderr = 2;
/** One `fd_write` takes at most this many pieces and bytes, some 0.1 ms of work; it answers how much it took. */
const piecesMax = 128;
const writeMaxBytes = 64 * 1024;
const characterDevice = 2;

/**
 * Three open files: an empty input, and two outputs that end in the plugin's log. There are no directories, so whatever
 * opens a path is not implemented.
 */
export const standardStreams: WasiFunctions = {
  fd_write: (guest, [fd = 0, pieces = 0, count = 0, writtenPointer = 0]) => {
    if (!isOutput(fd)) return errno.badf;
    let written = 0;
    for (let index = 0; index < Math.min(count, piecesMax) && written < writeMaxBytes; index += 1) {
      const pointer = guest.memory.u32(pieces + index * 8);
      const length = Math.min(guest.memory.u32(pieces + index * 8 + 4), writeMaxBytes - written);
      guest.log.stream(guest.memory.bytes(pointer, length));
      written += length;
    }
    guest.memory.setU32(writtenPointer, written);
    return errno.success;
  },

  fd_read: (guest, [fd = 0, , , readPointer = 0]) => {
    if (fd !== stdin) return errno.badf;
    guest.memory.setU32(readPointer, 0);
    return errno.success;
  },

  fd_close: (_guest, [fd = 0]) => (isOpen(fd) ? errno.success : errno.badf),
  fd_seek: (_guest, [fd = 0]) => (isOpen(fd) ? errno.spipe : errno.badf),
  fd_tell: (_guest, [fd = 0]) => (isOpen(fd) ? errno.spipe : errno.badf),
  fd_sync: (_guest, [fd = 0]) => (isOpen(fd) ? errno.success : errno.badf),
  fd_datasync: (_guest, [fd = 0]) => (isOpen(fd) ? errno.success : errno.badf),
  fd_fdstat_set_flags: (_guest, [fd = 0]) => (isOpen(fd) ? errno.success : errno.badf),
  fd_prestat_get: () => errno.badf,
  fd_prestat_dir_name: () => errno.badf,

  fd_fdstat_get: (guest, [fd = 0, pointer = 0]) => {
    if (!isOpen(fd)) return errno.badf;
    guest.memory.bytes(pointer, 24).fill(0);
    guest.memory.setU8(pointer, characterDevice);
    guest.memory.setU64(pointer + 8, fd === stdin ? rights.read : rights.write);
    return errno.success;
  },

  fd_filestat_get: (guest, [fd = 0, pointer = 0]) => {
    if (!isOpen(fd)) return errno.badf;
    guest.memory.bytes(pointer, 64).fill(0);
    guest.memory.setU8(pointer + 16, characterDevice);
    return errno.success;
  },
};

const rights = { read: 1n << 1n, write: 1n << 6n } as const;

function isOpen(fd: number): boolean {
  return fd <= stderr;
}

function isOutput(fd: number): boolean {
  return fd !== stdin && isOpen(fd);
}
