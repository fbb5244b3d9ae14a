/** How long a builder keeps a job that it works on without a word, and how soon others notice that it has gone. */
export interface HoldTimes {
  /** A job whose builder has been silent for so long is taken from it. */
  readonly lockMs: number;
  /** How often a builder extends its hold on the jobs it works on; well below `lockMs`. */
  readonly lockRenewalMs: number;
  /** How often each builder looks for jobs that lost theirs. */
  readonly stalledIntervalMs: number;
}

/** What builders use that share queues: one that held jobs for less long would lose them to the others. */
export const holdTimes: HoldTimes = { lockMs: 10_000, lockRenewalMs: 3_000, stalledIntervalMs: 5_000 };
