/** A pool that can give up instances nobody uses. */
export interface IdleHolder {
  /** When its longest idle instance was last used, or undefined when it has none. */
  oldestIdleSinceMs(): number | undefined;
  /** Closes that instance and gives its place back. */
  evictOldestIdle(): void;
}

/** A process holds about 16,000 Wasm memories and then dies; an instance takes two. */
const defaultMax = 3_000;

/**
 * Bounds the live instances of one thread over all its pools. When it is full, the instance that has been idle for
 * longest, of whatever plugin, makes room.
 */
export class InstanceBudget {
  private readonly max: number;
  private readonly holders = new Set<IdleHolder>();
  private live = 0;

  constructor(max = defaultMax) {
    this.max = max;
  }

  join(holder: IdleHolder): void {
    this.holders.add(holder);
  }

  leave(holder: IdleHolder): void {
    this.holders.delete(holder);
  }

  /** Takes a place for one instance; false when there is none and nothing idle to evict. */
  take(): boolean {
    if (this.live >= this.max) this.findOldest()?.evictOldestIdle();
    if (this.live >= this.max) return false;
    this.live += 1;
    return true;
  }

  giveBack(): void {
    this.live -= 1;
  }

  private findOldest(): IdleHolder | undefined {
    let oldest: IdleHolder | undefined;
    let oldestSinceMs = Number.POSITIVE_INFINITY;
    for (const holder of this.holders) {
      const sinceMs = holder.oldestIdleSinceMs();
      if (sinceMs !== undefined && sinceMs < oldestSinceMs) {
        oldest = holder;
        oldestSinceMs = sinceMs;
      }
    }
    return oldest;
  }
}
