/** The only source of time; tests hand in their own. */
export interface Clock {
  /** Milliseconds that only grow, for durations and deadlines. */
  nowMs(): number;
  /** Wall-clock time, for what people read. */
  date(): Date;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  date: () => new Date(),
};
