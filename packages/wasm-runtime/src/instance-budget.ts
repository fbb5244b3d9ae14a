/** A pool that can give up instances nobody uses. */
export interface IdleHolder {
  /** When its longest idle instance was last used, or undefined when it has none. */
  oldestIdleSinceMs(): number | undefined;
  /** Closes that instance and gives its place back. */
  evictOldestIdle(): void;
  /** Called after `take` was refused, once there may be a place again. */
  tryAgain(): void;
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
  /** Who was refused a place, longest ago first. */
  private readonly refused = new Set<IdleHolder>();
  private live = 0;

  constructor(max = defaultMax) {
    this.max = max;
  }

  join(holder: IdleHolder): void {
    this.holders.add(holder);
  }

  leave(holder: IdleHolder): void {
    this.holders.delete(holder);
    this.refused.delete(holder);
  }

  /** Takes a place for one instance of `holder`; false when there is none and nothing idle to evict. */
  take(holder: IdleHolder): boolean {
    if (this.live >= this.max) this.findOldest()?.evictOldestIdle();
    if (this.live >= this.max) {
      this.refused.add(holder);
      return false;
    }
    this.live += 1;
    return true;
  }

  giveBack(): void {
    this.live -= 1;
    this.offer();
  }

  /** To be called when an instance has become idle or a place free: who was refused is told, one at a time. */
  offer(): void {
    const [first] = this.refused;
    if (first === undefined) return;
    this.refused.delete(first);
    // Later, so that whoever is about to take or give a place has done so.
    queueMicrotask(() => first.tryAgain());
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
