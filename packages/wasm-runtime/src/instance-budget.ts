/** A pool that can give up instances nobody uses. */
export interface IdleHolder {
  /** When its longest idle instance was last used, or undefined when it has none. */
  oldestIdleSinceMs(): number | undefined;
  /** Closes that instance and gives its place back. */
  evictOldestIdle(): void;
  /** Called after `take` was refused, once there may be a place again. */
  tryAgain(): void;
}

export interface InstanceBudgetOptions {
  /** Live instances at once. */
  readonly maxInstances: number;
  /** Memory of them all, the guests' and their kernels', in bytes. */
  readonly maxBytes: number;
}

/** A process holds about 16,000 Wasm memories and then dies; an instance takes two. */
const defaults: InstanceBudgetOptions = { maxInstances: 3_000, maxBytes: 4 * 1024 ** 3 };

/**
 * Bounds the live instances of one thread and their memory over all its pools. When it is full, the instance that has
 * been idle for longest, of whatever plugin, makes room.
 */
export class InstanceBudget {
  private readonly options: InstanceBudgetOptions;
  private readonly holders = new Set<IdleHolder>();
  /** Who was refused a place, longest ago first. */
  private readonly refused = new Set<IdleHolder>();
  private live = 0;
  private bytes = 0;

  constructor(options: Partial<InstanceBudgetOptions> = {}) {
    this.options = { ...defaults, ...options };
  }

  get liveInstances(): number {
    return this.live;
  }

  get liveBytes(): number {
    return this.bytes;
  }

  /** Whether less than half of it is taken, so that instances can be made that nobody has asked for yet. */
  get hasRoomToSpare(): boolean {
    const { maxInstances, maxBytes } = this.options;
    return this.live < maxInstances / 2 && this.bytes < maxBytes / 2;
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
    if (!this.makeRoom(1, 0)) {
      this.refused.add(holder);
      return false;
    }
    this.live += 1;
    return true;
  }

  /**
   * Counts memory that an instance has now, beyond what was counted for it before. It is there already, so it is counted
   * in any case; false when the budget does not hold it, although everything idle was given up.
   */
  grow(bytes: number): boolean {
    const fits = this.makeRoom(0, bytes);
    this.bytes += bytes;
    return fits;
  }

  /** Gives back the place of an instance and the memory that was counted for it. */
  giveBack(bytes: number): void {
    this.live -= 1;
    this.bytes -= bytes;
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

  private makeRoom(instances: number, bytes: number): boolean {
    const { maxInstances, maxBytes } = this.options;
    const isFull = (): boolean => this.live + instances > maxInstances || this.bytes + bytes > maxBytes;
    while (isFull()) {
      const oldest = this.findOldest();
      if (oldest === undefined) return false;
      oldest.evictOldestIdle();
    }
    return true;
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
