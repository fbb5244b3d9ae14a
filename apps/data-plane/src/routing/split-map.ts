/** Entries of one bucket at most; a change copies those of the buckets that it touches. */
const bucketEntriesMax = 1_024;
/** Bits of a hash that are looked at: keys that have all of these in common stay in one bucket, however many they are. */
const depthMax = 16;
/** Characters of a key that its hash looks at, spread over all of it. */
const hashedCharsMax = 32;

interface Bucket<Value> {
  /** Whose it is; all others copy it before they change it. */
  readonly owner: object;
  /** Bits that the hashes of all its keys have in common. */
  readonly depth: number;
  readonly entries: Map<string, Value>;
}

/**
 * A map that others share: a change of a large one copies what it touches, not the whole. It is changed in place by its owner
 * alone, any object that tells one change from another; whoever else wants to change it asks for `ownedBy` first.
 *
 * A small one is a plain map. A large one is many, found by the last bits of a key's hash, of which each has as many as it
 * needs: extendible hashing (Fagin, Nievergelt, Pippenger and Strong, ACM TODS 4(3), 1979), whose growth splits one bucket and
 * moves no other.
 */
export class SplitMap<Value> {
  /** All there is, while that is little. */
  private small: Map<string, Value> | undefined = new Map();
  /** Where there is more: a power of two of references to buckets; one whose depth is less than that is there several times. */
  private directory: Bucket<Value>[] = [];
  /** The entries of each, beside it: looking a key up waits for one object less. */
  private entries: Map<string, Value>[] = [];
  private count = 0;

  constructor(private readonly owner: object) {}

  get size(): number {
    return this.count;
  }

  get(key: string): Value | undefined {
    if (this.small !== undefined) return this.small.get(key);
    return this.entries[hashOf(key) & (this.entries.length - 1)]?.get(key);
  }

  /** In no particular order. */
  *values(): Generator<Value, undefined> {
    if (this.small !== undefined) yield* this.small.values();
    for (const [index, { depth, entries }] of this.directory.entries()) if (index < 1 << depth) yield* entries.values();
    return undefined;
  }

  /** This map when it is the owner's, else a copy that is. */
  ownedBy(owner: object): SplitMap<Value> {
    if (owner === this.owner) return this;
    const copy = new SplitMap<Value>(owner);
    copy.small = this.small && new Map(this.small);
    copy.directory = this.directory.slice();
    copy.entries = this.entries.slice();
    copy.count = this.count;
    return copy;
  }

  set(key: string, value: Value): void {
    const entries = this.ownEntries(key);
    const sizeBefore = entries.size;
    entries.set(key, value);
    if (entries.size === sizeBefore) return;
    this.count += 1;
    if (entries.size > bucketEntriesMax) this.split(key);
  }

  delete(key: string): void {
    if (this.get(key) === undefined) return;
    this.ownEntries(key).delete(key);
    this.count -= 1;
    if (this.count === 0) [this.small, this.directory, this.entries] = [new Map(), [], []];
  }

  private bucketOf(key: string): Bucket<Value> | undefined {
    return this.directory[hashOf(key) & (this.directory.length - 1)];
  }

  /** What holds the key or is to hold it, and may be changed. */
  private ownEntries(key: string): Map<string, Value> {
    if (this.small !== undefined) return this.small;
    const bucket = this.bucketOf(key);
    if (bucket?.owner === this.owner) return bucket.entries;
    const entries = new Map(bucket?.entries);
    this.place({ owner: this.owner, depth: bucket?.depth ?? 0, entries }, hashOf(key));
    return entries;
  }

  /** Parts the bucket of that key in two, and again while all its entries come to lie in one of them. */
  private split(key: string): void {
    if (this.small !== undefined) {
      this.place({ owner: this.owner, depth: 0, entries: this.small }, 0);
      this.small = undefined;
    }
    const hash = hashOf(key);
    let full = this.bucketOf(key);
    while (full !== undefined && full.entries.size > bucketEntriesMax && full.depth < depthMax) {
      const bit = 1 << full.depth;
      if (this.directory.length === bit) this.double();
      const [zeros, ones] = [this.newBucket(full.depth + 1), this.newBucket(full.depth + 1)];
      for (const [known, value] of full.entries) ((hashOf(known) & bit) === 0 ? zeros : ones).entries.set(known, value);
      this.place(zeros, hash & ~bit);
      this.place(ones, hash | bit);
      full = this.bucketOf(key);
    }
  }

  private newBucket(depth: number): Bucket<Value> {
    return { owner: this.owner, depth, entries: new Map() };
  }

  /** Puts a bucket wherever the directory has the last bits of that hash. */
  private place(bucket: Bucket<Value>, hash: number): void {
    const step = 1 << bucket.depth;
    for (let index = hash & (step - 1); index < Math.max(this.directory.length, 1); index += step) {
      this.directory[index] = bucket;
      this.entries[index] = bucket.entries;
    }
  }

  private double(): void {
    this.directory = [...this.directory, ...this.directory];
    this.entries = [...this.entries, ...this.entries];
  }
}

/** FNV-1a, of which the upper bits are mixed into the lower ones. */
function hashOf(key: string): number {
  const step = key.length <= hashedCharsMax ? 1 : Math.ceil(key.length / hashedCharsMax);
  let hash = key.length;
  for (let at = key.length - 1; at >= 0; at -= step) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return hash ^ (hash >>> 15);
}
