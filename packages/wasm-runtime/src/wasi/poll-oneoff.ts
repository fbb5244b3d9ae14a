import type { Guest } from '../guest.js';
import { readClock } from './clocks.js';
import { errno } from './errno.js';
import type { WasiFunction } from './wasi-function.js';

/** Sizes and fields of https://github.com/WebAssembly/WASI/blob/main/legacy/preview1/docs.md#subscription */
const subscriptionBytes = 48;
const eventBytes = 32;
const eventTypes = { clock: 0, read: 1, write: 2 } as const;
const absoluteTime = 1;
const subscriptionsMax = 256;

interface Subscription {
  readonly userData: bigint;
  readonly type: number;
  readonly error: number;
  /** When it is due, in ms from now; streams are at once. */
  readonly dueMs: number;
}

/**
 * Waits for the first of its subscriptions. The guest is suspended meanwhile, and cut at its deadline like in any wait;
 * this is how a guest sleeps.
 */
export const pollOneoff: WasiFunction = (guest, [input = 0, output = 0, count = 0, eventsPointer = 0]) => {
  if (count === 0 || count > subscriptionsMax) return errno.inval;
  const subscriptions: Subscription[] = [];
  for (let index = 0; index < count; index += 1) subscriptions.push(readSubscription(guest, input + index * subscriptionBytes));
  const waitMs = Math.min(...subscriptions.map(({ dueMs }) => dueMs));
  const answer = (): number => writeEvents(guest, subscriptions, waitMs, output, eventsPointer);
  return waitMs <= 0 ? answer() : sleep(guest, waitMs).then(answer);
};

function readSubscription(guest: Guest, at: number): Subscription {
  const { memory } = guest;
  const userData = memory.u64(at);
  const type = memory.u8(at + 8);
  if (type === eventTypes.clock) {
    const nowMs = readClock(guest, memory.u32(at + 16));
    if (nowMs === undefined) return { userData, type, error: errno.inval, dueMs: 0 };
    const timeoutMs = Number(memory.u64(at + 24)) / 1_000_000;
    const isAbsolute = (memory.u16(at + 40) & absoluteTime) !== 0;
    return { userData, type, error: errno.success, dueMs: isAbsolute ? timeoutMs - nowMs : timeoutMs };
  }
  const isStream = (type === eventTypes.read || type === eventTypes.write) && memory.u32(at + 16) <= 2;
  return { userData, type, error: isStream ? errno.success : errno.badf, dueMs: 0 };
}

function writeEvents(guest: Guest, subscriptions: readonly Subscription[], waitedMs: number, output: number, eventsPointer: number): number {
  const due = subscriptions.filter(({ dueMs }) => dueMs <= Math.max(0, waitedMs));
  due.forEach(({ userData, type, error }, index) => {
    const at = output + index * eventBytes;
    guest.memory.bytes(at, eventBytes).fill(0);
    guest.memory.setU64(at, userData);
    guest.memory.setU16(at + 8, error);
    guest.memory.setU8(at + 10, type);
  });
  guest.memory.setU32(eventsPointer, due.length);
  return errno.success;
}

/** The timer goes when the run does. A sleep beyond the run's deadline needs none: it ends by being cut. */
function sleep({ run }: Guest, ms: number): Promise<void> {
  return new Promise((resolve) => {
    if (ms >= run.remainingMs) return;
    const { signal } = run;
    const onAbort = (): void => clearTimeout(timer);
    const timer = setTimeout(() => {
      // A guest may sleep thousands of times in one call.
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
