import type { Clock } from '@torii/service-kit';

// A thread's `performance.now()` counts from its own start; `hrtime` from the same moment in all of them.
const aheadMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds that only grow, the same in all threads of the process. */
export const nodeClock: Pick<Clock, 'nowMs'> = { nowMs: () => performance.now() + aheadMs };
