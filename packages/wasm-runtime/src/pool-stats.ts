import type { AppError } from '@torii/contracts';
import type { GuestRun } from './guest-run.js';

/** What happened in a pool since it exists; every number only grows. */
export class PoolCounts {
  /** Instances made. */
  created = 0;
  /** Time it took to make them, waiting included. */
  instantiateMs = 0;
  /** Instances given up for whatever reason. */
  evicted = 0;
  /** Of these, those that did no wrong: worn out, or not to be put back in place under `fresh` isolation. */
  recycled = 0;
  /** Calls that ended by a trap or for want of memory. */
  traps = 0;
  /** Calls that were cut because their time or another of their limits was used up. */
  kills = 0;
  /** Time guests computed, in calls that went well and in those that did not. */
  cpuMs = 0;
  hostCalls = 0;
  /** Time in host functions, waiting included. */
  hostMs = 0;
  /** Bytes that host functions were given and answered. */
  hostBytes = 0;
  httpCalls = 0;

  /** What a call that is over has cost, however it ended. */
  spend(run: GuestRun): void {
    this.cpuMs += run.cpuMs;
    this.hostCalls += run.hostCalls;
    this.hostMs += run.hostMs;
    this.hostBytes += run.hostBytes;
    this.httpCalls += run.httpCalls;
  }

  note({ code }: AppError, run: GuestRun | undefined): void {
    if (code === 'plugin.trapped' || code === 'plugin.memory_exceeded') this.traps += 1;
    else if (run?.ended !== undefined && code.startsWith('plugin.')) this.kills += 1;
  }
}

export interface PoolStats extends Readonly<Omit<PoolCounts, 'note' | 'spend'>> {
  readonly idle: number;
  readonly leased: number;
  readonly waiting: number;
  /** Times the plugin was put under quarantine. */
  readonly quarantines: number;
}
