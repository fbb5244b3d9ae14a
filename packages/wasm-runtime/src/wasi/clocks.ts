import type { Guest } from '../guest.js';
import { errno } from './errno.js';
import type { WasiFunctions } from './wasi-function.js';

const clocks = { realtime: 0, monotonic: 1, processCpu: 2, threadCpu: 3 } as const;
const nsPerMs = 1_000_000;
/** What the clocks promise: a thousandth of a millisecond. */
const resolutionNs = 1_000n;

export const clockFunctions: WasiFunctions = {
  clock_time_get: (guest, [clock = 0, , pointer = 0]) => {
    const nowMs = readClock(guest, clock);
    if (nowMs === undefined) return errno.inval;
    guest.hasReadClock = true;
    guest.memory.setU64(pointer, nanoseconds(nowMs));
    return errno.success;
  },

  clock_res_get: (guest, [clock = 0, pointer = 0]) => {
    if (readClock(guest, clock) === undefined) return errno.inval;
    guest.memory.setU64(pointer, resolutionNs);
    return errno.success;
  },
};

/** Milliseconds of one of the guest's clocks, or undefined when there is no such clock. */
export function readClock(guest: Guest, clock: number): number | undefined {
  if (clock === clocks.realtime) return guest.clock.date().getTime();
  if (clock === clocks.monotonic) return guest.clock.nowMs();
  if (clock === clocks.processCpu || clock === clocks.threadCpu) return guest.run.cpuMs;
  return undefined;
}

/** In two steps, because nanoseconds since 1970 do not fit a number exactly. */
function nanoseconds(ms: number): bigint {
  const whole = Math.floor(ms);
  return BigInt(whole) * BigInt(nsPerMs) + BigInt(Math.floor((ms - whole) * nsPerMs));
}
