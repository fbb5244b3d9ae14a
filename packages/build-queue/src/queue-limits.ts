/** How jobs are tried again, and what is kept of them. */
export const buildQueueLimits = {
  /** Only faults of ours count: a source that does not compile is an outcome, not a failed attempt. */
  attemptsMax: 3,
  /** Before the second attempt; twice as long before the next. */
  retryDelayMs: 1_000,
  /** How many builders a job may lose before it is given up: it may be what ends them. */
  stalledMax: 2,
  /** Entries in the stream of events of one language, about. */
  eventsMax: 10_000,
} as const;
