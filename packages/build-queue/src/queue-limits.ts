/** How jobs are tried again, and what is kept of them. */
export const buildQueueLimits = {
  /** Only faults of ours count: a source that does not compile is an outcome, not a failed attempt. */
  attemptsMax: 3,
  /** Before the second attempt; twice as long before the next. */
  retryDelayMs: 1_000,
  /** A job whose builder has been silent for so long is taken from it. */
  lockMs: 10_000,
  /** How often a builder extends its hold on the jobs it works on. */
  lockRenewalMs: 3_000,
  /** How often each builder looks for jobs that lost theirs. */
  stalledIntervalMs: 5_000,
  /** How many builders a job may lose before it is given up: it may be what ends them. */
  stalledMax: 2,
  /** Entries in the stream of events of one language, about. */
  eventsMax: 10_000,
} as const;
