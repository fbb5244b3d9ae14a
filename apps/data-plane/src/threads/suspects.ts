/** A plugin that has cost no thread for this long is not held against new threads. */
export const forgivenAfterMs = 60_000;

interface Suspect {
  times: number;
  lastAtMs: number;
}

/** Which plugins ran when a thread was lost, and how often lately; by their row. */
export class Suspects {
  private readonly rows = new Map<number, Suspect>();

  constructor(
    private readonly forgivenAfterMs: number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Notes one more time; answers how many there were without a longer pause. */
  add(row: number): number {
    const times = (this.current(row)?.times ?? 0) + 1;
    this.rows.set(row, { times, lastAtMs: this.nowMs() });
    return times;
  }

  /** Those that are not forgiven, and how often each was noted. */
  list(): { readonly row: number; readonly times: number }[] {
    return [...this.rows.keys()].flatMap((row) => {
      const suspect = this.current(row);
      return suspect === undefined ? [] : [{ row, times: suspect.times }];
    });
  }

  private current(row: number): Suspect | undefined {
    const suspect = this.rows.get(row);
    if (suspect === undefined || this.nowMs() - suspect.lastAtMs <= this.forgivenAfterMs) return suspect;
    this.rows.delete(row);
    return undefined;
  }
}
