// Where everything lies in a table. Addresses are words: indexes into one Int32Array over the whole SharedArrayBuffer.

export const bytesPerWord = 4;

/** Threads that may be attached at once, the main thread among them. */
export const maxThreads = 320;

/** Words that may be changed in one transaction. */
const journalMaxWords = 1_024;

/** Sizes of free blocks: 26 powers of two, each in 16 steps. See `BlockAllocator`. */
export const sizeClasses = 26;
export const sizeSteps = 16;

/** Single words at the start of the table. */
export const tableAt = {
  format: 0,
  /** 0 when free, else the index of the thread that writes, plus 1. */
  lockOwner: 16,
  lockWaiters: 17,
  journalLength: 32,
  /** The versions that are odd because of the transaction under way: where they begin, and how many. */
  openFrom: 33,
  openCount: 34,
  seed0: 48,
  seed1: 49,
  /** First of the map headers that no map uses. */
  freeHeaders: 50,
  lastUid: 51,
  /** The map of map ids; its header's address never changes. */
  root: 52,
  freeWords: 53,
} as const;

const threadsAt = 64;
/** A cache line for each thread, so that they do not disturb each other. */
const threadWords = 16;

/** What one thread holds, given back by others when it dies. */
export function threadSlotAt(threadIndex: number): number {
  return threadsAt + threadIndex * threadWords;
}
export const threadAt = {
  /** A block it fills outside the lock. */
  reserved: 0,
  /** An entry it copies outside the lock. */
  pinned: 1,
  /** Written and never read: see `TableMemory.fence`. */
  fence: 2,
} as const;

export const journalAt = threadSlotAt(maxThreads);
export const journalWords = 2 * journalMaxWords;

export const sizeMapAt = journalAt + journalWords;
export const stepMapsAt = sizeMapAt + 1;
export const freeListsAt = stepMapsAt + sizeClasses;
/** Blocks begin here, on 16 bytes. */
export const arenaAt = alignUp(freeListsAt + sizeClasses * sizeSteps);

/** Every block begins with these; its size is in words, a multiple of 4, so that two bits are free for flags. */
export const blockAt = { size: 0, previous: 1, nextFree: 2, previousFree: 3 } as const;

/** One key and its value. The key's bytes follow, then the value's on the next multiple of 8: copying is much faster so. */
export const entryAt = {
  next: 2,
  hash: 3,
  /** A float64, in milliseconds of the table's clock; 0 for never. */
  expiresAt: 4,
  keyBytes: 6,
  valueBytes: 7,
  /** When it was last used, in `lruTickMs`. */
  usedTick: 8,
  /** How many threads copy it, and `deadFlag` once it is in no chain any more. */
  pins: 9,
  key: 10,
} as const;
export const deadFlag = 1 << 30;

/** Buckets that a header holds itself, and versions, one for each: what shares a bucket shares a version. */
export const firstBuckets = 64;
export const maxSegments = 15;

export const headerAt = {
  /** Another one each time the header is used for another map; 0 while it is used for none. */
  uid: 2,
  keys: 3,
  usedBytes: 4,
  maxBytes: 6,
  maxKeys: 8,
  isLru: 9,
  buckets: 10,
  /** How many entries have a time to live. */
  expiring: 11,
  /** The bucket where sweeping goes on. */
  hand: 12,
  nextHeader: 13,
  segments: 16,
  versions: 16 + 16,
  firstBuckets: 32 + firstBuckets,
} as const;
export const headerWords = headerAt.firstBuckets + firstBuckets;

/** Bytes from the beginning of a key to its value. */
export function keySpan(keyBytes: number): number {
  return (keyBytes + 7) & ~7;
}

function alignUp(words: number): number {
  return (words + 3) & ~3;
}
