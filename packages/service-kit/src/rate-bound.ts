/**
 * Lets so many through a second: a bucket that holds one second's worth, full at first, and is filled evenly. So a burst
 * of a second's worth, or of one, passes at once, and never more than that and a second's worth in any second.
 */
export class RateBound {
  private level: number;
  private filledAtMs: number;

  constructor(
    private perSecond: number,
    nowMs: number,
  ) {
    this.level = this.levelMax;
    this.filledAtMs = nowMs;
  }

  /** Whether one more may pass now; it counts when it may. */
  takes(nowMs: number): boolean {
    this.fill(nowMs);
    if (this.level < 1) return false;
    this.level -= 1;
    return true;
  }

  /** From now on so many pass. What is left passes still, as far as the new bound lets it; nothing is added to it. */
  change(perSecond: number, nowMs: number): void {
    this.fill(nowMs);
    this.perSecond = perSecond;
    this.level = Math.min(this.levelMax, this.level);
  }

  private fill(nowMs: number): void {
    const earned = ((nowMs - this.filledAtMs) / 1_000) * this.perSecond;
    this.level = Math.min(this.levelMax, this.level + earned);
    this.filledAtMs = nowMs;
  }

  private get levelMax(): number {
    return Math.max(1, this.perSecond);
  }
}
