import { getRandomValues } from 'node:crypto';
import { AppError } from '@torii/contracts';
import type { Guest } from '../guest.js';
import { GuestMemoryFault } from '../guest-memory.js';
import { clockFunctions } from './clocks.js';
import { errno } from './errno.js';
import { pollOneoff } from './poll-oneoff.js';
import { standardStreams } from './standard-streams.js';
import type { WasiFunction, WasiFunctions } from './wasi-function.js';

/** Web Crypto's own limit per request. */
const randomPieceBytes = 65_536;
const randomMaxBytes = 4 * 1024 * 1024;

const functions: WasiFunctions = {
  ...standardStreams,
  ...clockFunctions,
  poll_oneoff: pollOneoff,
  sched_yield: () => errno.success,

  args_get: () => errno.success,
  args_sizes_get: (guest, pointers) => writeEmptyList(guest, pointers),
  environ_get: () => errno.success,
  environ_sizes_get: (guest, pointers) => writeEmptyList(guest, pointers),

  random_get: (guest, [pointer = 0, length = 0]) => {
    guest.randomBytes += length;
    if (guest.randomBytes > randomMaxBytes) {
      throw guest.run.end(new AppError('plugin.limit_exceeded', { detail: `more than ${randomMaxBytes} random bytes in one call` }));
    }
    const target = guest.memory.bytes(pointer, length);
    for (let at = 0; at < length; at += randomPieceBytes) getRandomValues(target.subarray(at, at + randomPieceBytes));
    return errno.success;
  },

  proc_exit: (guest, [code = 0]) => {
    guest.run.exitCode = code;
    throw new Error('the guest has exited');
  },
};

/** Everything else of preview 1, so that a module that merely imports it can be linked. */
const notImplemented = [
  'fd_advise',
  'fd_allocate',
  'fd_fdstat_set_rights',
  'fd_filestat_set_size',
  'fd_filestat_set_times',
  'fd_pread',
  'fd_pwrite',
  'fd_readdir',
  'fd_renumber',
  'path_create_directory',
  'path_filestat_get',
  'path_filestat_set_times',
  'path_link',
  'path_open',
  'path_readlink',
  'path_remove_directory',
  'path_rename',
  'path_symlink',
  'path_unlink_file',
  'proc_raise',
  'sock_accept',
  'sock_recv',
  'sock_send',
  'sock_shutdown',
] as const;

/** Whether preview 1 has a function of that name. */
export function isWasiFunction(name: string): boolean {
  return Object.hasOwn(functions, name) || (notImplemented as readonly string[]).includes(name);
}

/**
 * WASI preview 1 for one guest: clocks, randomness, sleeping, and standard streams that end in the log; no files, no
 * sockets, no arguments, no environment. Those functions answer NOSYS.
 */
export function wasiImport(guest: Guest, name: string): unknown {
  const body: WasiFunction = functions[name] ?? (() => errno.nosys);
  const call = (...raw: readonly (number | bigint)[]): number | Promise<number> => {
    guest.run.throwIfOver();
    try {
      const answer = body(guest, raw.map(unsigned));
      return answer instanceof Promise ? guest.run.wait(answer.catch(errnoOf)) : answer;
    } catch (error) {
      return errnoOf(error);
    }
  };
  return suspendsInWasi(name) ? new WebAssembly.Suspending(call) : call;
}

/** Whether a guest may have to wait for it. */
export function suspendsInWasi(name: string): boolean {
  return name === 'poll_oneoff';
}

function errnoOf(error: unknown): number {
  if (error instanceof GuestMemoryFault) return errno.fault;
  throw error;
}

function unsigned(value: number | bigint): number {
  return typeof value === 'bigint' ? Number(BigInt.asUintN(64, value)) : value >>> 0;
}

function writeEmptyList(guest: Guest, [countPointer = 0, bytesPointer = 0]: readonly number[]): number {
  guest.memory.setU32(countPointer, 0);
  guest.memory.setU32(bytesPointer, 0);
  return errno.success;
}
