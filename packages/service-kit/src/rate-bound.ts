/**
 * Lets so many through a second: a bucket that holds one second's worth, full at first, and is filled evenly. So a burst
 * of a second's worth, or of one, passes at once, and never more than that and a second's worth in any second.
 */
export class RateBound {
  private readonly levelMax: number;
  private level: number;
  private filledAtMs: number;

  constructor(
    private readonly perSecond: number,
    nowMs: number,
  ) {
    this.levelMax = Math.max(1, perSecond);
    this.level = this.levelMax;
    this.filledAtMs = nowMs;
  }

  /** Whether one more may pass now; it counts when it may. */
  takes(nowMs: number): boolean {
    const earned = ((nowMs - this.filledAtMs) / 1_000) * this.perSecond;
    this.level = Math.min(this.levelMax, this.level + earned);
    this.filledAtMs = nowMs;
    if (this.level < 1) return false;
    this.level -= 1;
    return true;
  }
}
