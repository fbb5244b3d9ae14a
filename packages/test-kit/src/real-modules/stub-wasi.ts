import type { GuestView } from './guest-view.js';

export type HostFunction = (...args: never[]) => number | bigint | undefined;

const success = 0;
const badDescriptor = 8;
const notSeekable = 70;

const firstNanoseconds = 1_700_000_000_000_000_000n;
const nanosecondsPerLook = 1_000n;
const characterDevice = 2;
const standardStreams = 3;
const subscriptionBytes = 48;
const eventBytes = 32;

/**
 * WASI preview 1 that is the same for every instance: a clock that moves on by a microsecond whenever it is looked at,
 * random bytes that count, sleeping that is over at once, no files, and standard streams that go to `write`.
 */
export function stubWasi(view: GuestView, write: (text: string) => void): Readonly<Record<string, HostFunction>> {
  let nowNanoseconds = firstNanoseconds;
  let drawn = 0;

  const nothing = (countPointer: number, bytesPointer: number): number => {
    view.numbers.setUint32(countPointer, 0, true);
    view.numbers.setUint32(bytesPointer, 0, true);
    return success;
  };

  return {
    args_get: () => success,
    args_sizes_get: nothing,
    environ_get: () => success,
    environ_sizes_get: nothing,
    fd_close: () => badDescriptor,
    fd_fdstat_set_flags: () => success,
    fd_prestat_dir_name: () => badDescriptor,
    fd_prestat_get: () => badDescriptor,
    fd_seek: () => notSeekable,
    sched_yield: () => success,

    proc_exit: (code: number) => {
      throw new Error(`the guest has exited with ${code}`);
    },

    clock_time_get: (_clock: number, _precision: bigint, pointer: number) => {
      nowNanoseconds += nanosecondsPerLook;
      view.numbers.setBigUint64(pointer, nowNanoseconds, true);
      return success;
    },

    random_get: (pointer: number, length: number) => {
      for (let at = 0; at < length; at += 1) {
        drawn = (drawn + 0x9d) & 0xff;
        view.numbers.setUint8(pointer + at, drawn);
      }
      return success;
    },

    fd_fdstat_get: (descriptor: number, pointer: number) => {
      if (descriptor >= standardStreams) return badDescriptor;
      view.bytes(pointer, 24).fill(0);
      view.numbers.setUint8(pointer, characterDevice);
      return success;
    },

    fd_write: (descriptor: number, vectors: number, count: number, writtenPointer: number) => {
      if (descriptor >= standardStreams) return badDescriptor;
      let written = 0;
      for (let index = 0; index < count; index += 1) {
        const pointer = view.numbers.getUint32(vectors + index * 8, true);
        const length = view.numbers.getUint32(vectors + index * 8 + 4, true);
        write(Buffer.from(view.bytes(pointer, length)).toString());
        written += length;
      }
      view.numbers.setUint32(writtenPointer, written, true);
      return success;
    },

    poll_oneoff: (subscriptions: number, events: number, count: number, firedPointer: number) => {
      for (let index = 0; index < count; index += 1) {
        const event = events + index * eventBytes;
        view.bytes(event, eventBytes).fill(0);
        view.numbers.setBigUint64(event, view.numbers.getBigUint64(subscriptions + index * subscriptionBytes, true), true);
      }
      nowNanoseconds += 1_000_000_000n;
      view.numbers.setUint32(firedPointer, count, true);
      return success;
    },
  };
}
