import type { BlockAllocator } from './block-allocator.js';
import type { Journal } from './journal.js';
import type { KeyBytes } from './key-bytes.js';
import { blockAt, bytesPerWord, deadFlag, entryAt, firstBuckets, headerAt, keySpan, maxSegments } from './layout.js';
import type { TableMemory } from './table-memory.js';

/** More than any chain has, unless it is torn. */
const hopsMax = 4_096;
/** A longer chain is not split, so that a transaction stays small. */
const splitChainMax = 128;
const firstBucketBits = 6;

/**
 * The entries of one map in chains by hash. Their number of buckets grows with them, one bucket at a time (linear hashing:
 * Litwin, "Linear hashing: a new tool for file and table addressing", VLDB 1980), so that no operation pays for all.
 *
 * A bucket's number ends in the same 6 bits as the hashes in it, before and after a split: one version for each such
 * ending covers every chain. Whatever writes needs the lock; `find` does not, and may then answer nonsense that its caller
 * must not believe unless the version is still the same.
 */
export class EntryChains {
  constructor(
    private readonly memory: TableMemory,
    private readonly journal: Journal,
    private readonly blocks: BlockAllocator,
  ) {}

  /** The entry's address, 0 when there is none. */
  find(map: number, key: KeyBytes): number {
    const { memory } = this;
    let entry = memory.word(this.bucketAt(map, this.bucketOf(map, key.hash)));
    for (let hops = 0; entry !== 0 && hops < hopsMax && memory.isBlock(entry); hops++) {
      if (memory.word(entry + entryAt.hash) === key.hash && this.hasKey(entry, key)) return entry;
      entry = memory.word(entry + entryAt.next);
    }
    return 0;
  }

  bucketCount(map: number): number {
    return this.memory.word(map + headerAt.buckets);
  }

  /** The word that holds a bucket's first entry. */
  bucketAt(map: number, bucket: number): number {
    if (bucket < firstBuckets) return map + headerAt.firstBuckets + bucket;
    const segment = segmentOf(bucket);
    return this.memory.word(map + headerAt.segments + segment) + segmentHeaderWords + bucket - (firstBuckets << segment);
  }

  versionAt(map: number, hash: number): number {
    return map + headerAt.versions + (hash & (firstBuckets - 1));
  }

  /** Puts a filled entry into its chain, in place of `replaced` when that is not 0. Part of a transaction; opens the version. */
  link(map: number, entry: number, replaced: number): void {
    const hash = this.memory.word(entry + entryAt.hash);
    this.journal.open(this.versionAt(map, hash), 1);
    if (replaced === 0) {
      const bucketAt = this.bucketAt(map, this.bucketOf(map, hash));
      this.memory.words[entry + entryAt.next] = this.memory.word(bucketAt); // nobody sees the new entry yet
      this.journal.put(bucketAt, entry);
      this.journal.add(map + headerAt.keys, 1);
    } else {
      this.memory.words[entry + entryAt.next] = this.memory.word(replaced + entryAt.next);
      this.journal.put(this.pointerTo(map, replaced), entry);
      this.discount(map, replaced);
      this.release(replaced);
    }
    this.journal.putFloat(map + headerAt.usedBytes, this.memory.float(map + headerAt.usedBytes) + this.sizeOf(entry));
    if (this.memory.float(entry + entryAt.expiresAt) !== 0) this.journal.add(map + headerAt.expiring, 1);
  }

  /** Takes an entry out, as a transaction of its own. */
  remove(map: number, entry: number): void {
    this.journal.open(this.versionAt(map, this.memory.word(entry + entryAt.hash)), 1);
    this.journal.put(this.pointerTo(map, entry), this.memory.word(entry + entryAt.next));
    this.journal.add(map + headerAt.keys, -1);
    this.discount(map, entry);
    this.release(entry);
    this.journal.commit();
    if (this.memory.word(map + headerAt.keys) === 0) this.shrink(map);
  }

  /** Frees an entry that is in no chain, unless a thread still copies it: that one frees it then. Part of a transaction. */
  release(entry: number): void {
    const pins = this.memory.word(entry + entryAt.pins);
    if (pins === 0) this.blocks.free(entry);
    else this.journal.put(entry + entryAt.pins, pins | deadFlag);
  }

  /** Adds a bucket when there are more keys than buckets. Without memory for it, chains get longer instead. */
  grow(map: number): void {
    const buckets = this.bucketCount(map);
    if (this.memory.word(map + headerAt.keys) <= buckets) return;
    const segment = segmentOf(buckets);
    if (segment >= maxSegments || !this.hasSegment(map, segment)) return;
    const parent = buckets - (firstBuckets << segment);
    const parentAt = this.bucketAt(map, parent);
    if (this.isLong(parentAt)) return;
    this.journal.open(this.versionAt(map, parent), 1);
    this.split(parentAt, this.bucketAt(map, buckets), firstBuckets << segment);
    this.journal.put(map + headerAt.buckets, buckets + 1);
    this.journal.commit();
  }

  /** Goes back to the first buckets. Only for a map without entries. */
  shrink(map: number): void {
    if (this.bucketCount(map) === firstBuckets && this.memory.word(map + headerAt.segments) === 0) return;
    this.journal.open(map + headerAt.versions, firstBuckets); // of all chains: nobody may still look into a segment
    this.journal.put(map + headerAt.buckets, firstBuckets);
    this.journal.put(map + headerAt.hand, 0);
    for (let segment = 0; segment < maxSegments; segment++) {
      const at = map + headerAt.segments + segment;
      if (this.memory.word(at) === 0) continue;
      this.blocks.free(this.memory.word(at));
      this.journal.put(at, 0);
    }
    this.journal.commit();
  }

  /** What the map's limit counts for an entry. */
  sizeOf(entry: number): number {
    return this.memory.word(entry + entryAt.keyBytes) + this.memory.word(entry + entryAt.valueBytes);
  }

  /** Where the value's bytes begin. */
  valueFrom(entry: number): number {
    return (entry + entryAt.key) * bytesPerWord + keySpan(this.memory.word(entry + entryAt.keyBytes));
  }

  private bucketOf(map: number, hash: number): number {
    const buckets = this.bucketCount(map);
    const whole = 1 << (31 - Math.clz32(buckets));
    const bucket = hash & (2 * whole - 1);
    return bucket < buckets ? bucket : bucket - whole;
  }

  private hasKey(entry: number, key: KeyBytes): boolean {
    if (this.memory.word(entry + entryAt.keyBytes) !== key.length) return false;
    const { bytes } = this.memory;
    const from = (entry + entryAt.key) * bytesPerWord;
    for (let at = 0; at < key.length; at++) if (bytes[from + at] !== key.bytes[at]) return false;
    return true;
  }

  /** The word that points to an entry: its bucket's or the one before it. */
  private pointerTo(map: number, entry: number): number {
    let at = this.bucketAt(map, this.bucketOf(map, this.memory.word(entry + entryAt.hash)));
    while (this.memory.word(at) !== entry) {
      if (this.memory.word(at) === 0) throw new Error('an entry of the shared table is in no chain');
      at = this.memory.word(at) + entryAt.next;
    }
    return at;
  }

  private discount(map: number, entry: number): void {
    this.journal.putFloat(map + headerAt.usedBytes, this.memory.float(map + headerAt.usedBytes) - this.sizeOf(entry));
    if (this.memory.float(entry + entryAt.expiresAt) !== 0) this.journal.add(map + headerAt.expiring, -1);
  }

  private hasSegment(map: number, segment: number): boolean {
    const at = map + headerAt.segments + segment;
    if (this.memory.word(at) !== 0) return true;
    const block = this.blocks.allocate(segmentHeaderWords + (firstBuckets << segment));
    if (block === 0) return false;
    this.journal.put(at, block);
    this.journal.commit();
    return true;
  }

  private isLong(bucketAt: number): boolean {
    let length = 0;
    for (let entry = this.memory.word(bucketAt); entry !== 0; entry = this.memory.word(entry + entryAt.next)) {
      if (++length > splitChainMax) return true;
    }
    return false;
  }

  /** Moves the entries with that bit in their hash to the new bucket. */
  private split(parentAt: number, newAt: number, bit: number): void {
    let lowAt = parentAt;
    let highAt = newAt;
    let entry = this.memory.word(parentAt);
    while (entry !== 0) {
      const next = this.memory.word(entry + entryAt.next);
      if ((this.memory.word(entry + entryAt.hash) & bit) === 0) {
        this.journal.put(lowAt, entry);
        lowAt = entry + entryAt.next;
      } else {
        this.journal.put(highAt, entry);
        highAt = entry + entryAt.next;
      }
      entry = next;
    }
    this.journal.put(lowAt, 0);
    this.journal.put(highAt, 0);
  }
}

const segmentHeaderWords = blockAt.nextFree;

/** Segment n holds the buckets from 64 * 2^n up to twice that. */
function segmentOf(bucket: number): number {
  return 31 - Math.clz32(bucket) - firstBucketBits;
}

/** Where a map is, and the number under which it is that map. */
export interface MapPlace {
  readonly map: number;
  readonly uid: number;
}

/** Whether the map whose header this is may still be used under that number. */
export function isMap(memory: TableMemory, map: number, uid: number): boolean {
  return map !== 0 && memory.word(map + headerAt.uid) === uid;
}
