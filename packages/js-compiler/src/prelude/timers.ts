import { native } from './native.js';
import { expectFeature } from './phase.js';

interface Timer {
  readonly callback: (...values: unknown[]) => unknown;
  readonly values: readonly unknown[];
  readonly everyMs: number | undefined;
  dueMs: number;
}

/** What is set and not run yet, by id. Ids rise, so that of two that are due at the same time the older one runs first. */
const timers = new Map<number, Timer>();
let lastId = 0;

/**
 * Timers run while a call waits for a promise, in the order of their time, each when it is due; the call sleeps until
 * then. Those left over when the call has settled never run.
 */
export function setTimeout(callback: unknown, ms?: unknown, ...values: unknown[]): number {
  return add('setTimeout', callback, ms, values, false);
}

export function setInterval(callback: unknown, ms?: unknown, ...values: unknown[]): number {
  return add('setInterval', callback, ms, values, true);
}

export function clearTimer(id: unknown): void {
  timers.delete(Number(id));
}

export function dropTimers(): void {
  timers.clear();
}

/** Sleeps until the next timer is due and runs it; false when there is none. Throws what the timer throws. */
export function runNextTimer(): boolean {
  let next: [number, Timer] | undefined;
  for (const entry of timers) if (next === undefined || entry[1].dueMs < next[1].dueMs) next = entry;
  if (next === undefined) return false;
  const [id, timer] = next;
  const waitMs = timer.dueMs - native.clock(1);
  if (waitMs > 0) native.sleep(waitMs);
  if (timer.everyMs === undefined) timers.delete(id);
  else timer.dueMs = Math.max(timer.dueMs + timer.everyMs, native.clock(1));
  timer.callback(...timer.values);
  return true;
}

function add(name: string, callback: unknown, ms: unknown, values: readonly unknown[], repeats: boolean): number {
  expectFeature('timers', name);
  if (typeof callback !== 'function') throw new TypeError(`${name} takes a function`);
  const delayMs = Math.min(2 ** 31 - 1, Math.max(repeats ? 1 : 0, Number(ms) || 0));
  lastId += 1;
  timers.set(lastId, {
    callback: callback as Timer['callback'],
    values,
    everyMs: repeats ? delayMs : undefined,
    dueMs: native.clock(1) + delayMs,
  });
  return lastId;
}
