/** Longer times to live are cut to this: a hundred years. */
const ttlMaxMs = 100 * 365 * 24 * 3_600_000;

/** A time to live in whole milliseconds, at least 1. */
export function wholeTtlMs(ttlMs: number): number {
  return Number.isNaN(ttlMs) ? 1 : Math.min(Math.max(Math.floor(ttlMs), 1), ttlMaxMs);
}
