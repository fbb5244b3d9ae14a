import type { EntryChains } from './entry-chains.js';
import { entryAt, headerAt } from './layout.js';
import type { TableMemory } from './table-memory.js';

/** Buckets that every write looks at for what has expired. */
const sweepBuckets = 4;
/** Buckets a write looks at before it is refused. */
const pressureBuckets = 4_096;
const sampleEntries = 8;
const sampleBuckets = 64;
/** Entries one write may push out. */
const evictionsMax = 1_024;

/** The resolution of "recently used": what was used within the same tick is equally recent. */
export const lruTickMs = 100;

/** What a write would add, and what bounds it beside the map's own limits. */
export interface Growth {
  readonly bytes: number;
  readonly keys: number;
  readonly maxBytes: number;
  readonly maxKeys: number;
  /** The entry that is to be replaced; it is not pushed out. */
  readonly kept: number;
}

/** Makes room in a map: what has expired goes, then, where the map may, what was not used for longest. Under the lock. */
export class MapRoom {
  constructor(
    private readonly memory: TableMemory,
    private readonly chains: EntryChains,
  ) {}

  /** The share of clearing up that every write takes over. */
  sweepSome(map: number, nowMs: number): void {
    this.sweep(map, sweepBuckets, nowMs);
  }

  /** Whether the map may grow by that much; when it may not, expired entries go, and others in an `lru` map. */
  makeFor(map: number, growth: Growth, nowMs: number): boolean {
    for (let round = 0; !this.fits(map, growth); round++) {
      if (growth.bytes > Math.min(growth.maxBytes, this.memory.float(map + headerAt.maxBytes))) return false;
      if (!this.giveUpOne(map, growth.kept, round, nowMs)) return false;
    }
    return true;
  }

  /** Frees memory of the table at the cost of this map; false when there is nothing more to free. */
  giveUpOne(map: number, kept: number, round: number, nowMs: number): boolean {
    if (round === 0 && this.sweep(map, pressureBuckets, nowMs, kept)) return true;
    if (this.memory.word(map + headerAt.isLru) === 0 || round > evictionsMax) return false;
    return this.evict(map, kept);
  }

  /**
   * Removes entries, expired or not, from this bucket downwards; answers the bucket to go on with, -1 once the map is empty.
   * Only for a map that nobody adds to. `atMost` bounds entries and buckets together.
   */
  emptyFrom(map: number, bucket: number, atMost: number): number {
    let left = atMost;
    for (let at = bucket; at >= 0; at--) {
      if (this.memory.word(map + headerAt.keys) === 0) return -1; // its buckets are gone
      const bucketAt = this.chains.bucketAt(map, at);
      for (let entry = this.memory.word(bucketAt); entry !== 0; entry = this.memory.word(bucketAt)) {
        if (left-- <= 0) return at;
        this.chains.remove(map, entry);
        if (this.memory.word(map + headerAt.keys) === 0) return -1;
      }
      if (left-- <= 0) return at - 1;
    }
    return -1;
  }

  private fits(map: number, { bytes, keys, maxBytes, maxKeys }: Growth): boolean {
    const keysAfter = this.memory.word(map + headerAt.keys) + keys;
    if (keys > 0 && keysAfter > Math.min(maxKeys, this.memory.word(map + headerAt.maxKeys))) return false;
    const bytesAfter = this.memory.float(map + headerAt.usedBytes) + bytes;
    return bytes <= 0 || bytesAfter <= Math.min(maxBytes, this.memory.float(map + headerAt.maxBytes));
  }

  /** Goes round through the buckets, a few at a time; whether it removed anything. */
  private sweep(map: number, buckets: number, nowMs: number, kept = 0): boolean {
    let isChanged = false;
    for (let left = Math.min(buckets, this.chains.bucketCount(map)); left > 0; left--) {
      if (this.memory.word(map + headerAt.expiring) === 0) break;
      const bucket = this.memory.word(map + headerAt.hand) % this.chains.bucketCount(map);
      this.memory.words[map + headerAt.hand] = bucket + 1;
      let entry = this.memory.word(this.chains.bucketAt(map, bucket));
      while (entry !== 0) {
        const next = this.memory.word(entry + entryAt.next);
        const expiresAtMs = this.memory.float(entry + entryAt.expiresAt);
        if (expiresAtMs !== 0 && expiresAtMs <= nowMs && entry !== kept) {
          this.chains.remove(map, entry);
          isChanged = true;
          if (this.memory.word(map + headerAt.keys) === 0) return true; // its buckets are not what they were
        }
        entry = next;
      }
    }
    return isChanged;
  }

  /** Removes the entry that was not used for longest among a few, as Redis does; all others are as good on average. */
  private evict(map: number, kept: number): boolean {
    const buckets = this.chains.bucketCount(map);
    let bucket = Math.floor(Math.random() * buckets);
    let oldest = 0;
    let seen = 0;
    // Goes on past the sample until there is one, once round at most.
    for (let left = buckets; left > 0 && seen < sampleEntries && (seen === 0 || left > buckets - sampleBuckets); left--) {
      let entry = this.memory.word(this.chains.bucketAt(map, bucket));
      for (; entry !== 0; entry = this.memory.word(entry + entryAt.next)) {
        if (entry === kept) continue;
        seen += 1;
        if (oldest === 0 || this.usedTick(entry) < this.usedTick(oldest)) oldest = entry;
      }
      bucket = (bucket + 1) % buckets;
    }
    if (oldest === 0) return false;
    this.chains.remove(map, oldest);
    return true;
  }

  private usedTick(entry: number): number {
    return this.memory.word(entry + entryAt.usedTick);
  }
}
