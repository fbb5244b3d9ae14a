/**
 * Why a write changed nothing: `over_limit` when the store would grow past its bytes or keys, `not_a_number` when a sum
 * was asked of something that is no integer or would leave 64 bits. `not_durable` is the exception: the write is done,
 * but no replica has confirmed it in time.
 */
export type KvRefusal = 'over_limit' | 'not_a_number' | 'not_durable';

export interface KvWrite {
  /** Milliseconds until the key is gone, at least 1. Left out, the key stays, whatever time to live it had before. */
  readonly ttlMs?: number;
  /** Waits until one replica has the write. Redis only: memory is gone with its node, and takes no notice. */
  readonly durable?: boolean;
}

export type MaybePromise<T> = T | Promise<T>;

export interface KvEntry {
  readonly key: string;
  /** Empty when the values were not asked for. */
  readonly value: Uint8Array;
}

export interface KvQuery {
  /** A glob as Redis reads it: `*`, `?`, `[a-c]`, `[^a]`, and `\` before a character taken as it is. */
  readonly pattern?: string;
  /** With a pattern too, both must hold. */
  readonly prefix?: string;
  /** The most entries. */
  readonly limit: number;
  /** The most bytes of keys and values together. */
  readonly maxBytes: number;
  readonly withValues: boolean;
}

export interface KvPage {
  /** In no order. */
  readonly entries: readonly KvEntry[];
  /** False when there may be more that matches than the limits let through. */
  readonly isComplete: boolean;
}

/** The most keys one store may hold; what an entry costs beside its bytes is bounded by this. */
export const kvMaxKeys = 1_000_000;

/** The longest key (bytes of UTF-8) and the largest value (bytes); whatever is longer is refused as `over_limit`. */
export const kvKeyMaxBytes = 64 * 1024;
export const kvValueMaxBytes = 16 * 1024 * 1024;

/** The most keys that one `list` looks at before it answers with what it has found, `isComplete: false`. */
export const kvListMaxVisited = 200_000;

/** The longest pattern that `list` takes; a longer one matches nothing. */
export const kvPatternMaxLength = 1_024;

/**
 * Text keys and byte values of one plugin or of all, bounded in bytes (UTF-8 of the keys plus values) and in keys.
 *
 * Every operation is atomic, bounded in time by its implementation, and fails with an `AppError` when the store cannot
 * be reached (`platform.redis`; `capacity.overloaded` in memory). After that a write may or may not have happened.
 * A write is visible to every later read of the same store, from any thread of the node. Keys are well-formed Unicode:
 * a lone surrogate is the same key as U+FFFD. Bytes handed in are copied; bytes handed out are
 * the caller's, though they may be a part of a larger buffer.
 */
export interface KvStore {
  /** Whether every operation answers at once, never with a promise: a guest then need not be suspended for it. */
  readonly isSynchronous: boolean;
  get(key: string): MaybePromise<Uint8Array | undefined>;
  exists(key: string): MaybePromise<boolean>;
  /**
   * Undefined when it is done, else why nothing changed. A write that does not grow the store always succeeds, also
   * after the limit was lowered.
   */
  set(key: string, value: Uint8Array, write?: KvWrite): MaybePromise<KvRefusal | undefined>;
  /** False when the key was there: nothing changed. */
  setIfAbsent(key: string, value: Uint8Array, write?: KvWrite): MaybePromise<boolean | KvRefusal>;
  /** False when the value is not the expected one: nothing changed. `undefined` expects that there is none. */
  compareAndSet(key: string, expected: Uint8Array | undefined, value: Uint8Array, write?: KvWrite): MaybePromise<boolean | KvRefusal>;
  /**
   * The sum, kept as decimal text. What is not there counts as 0; a time to live goes on. A value that is not an integer
   * in 64 bits with a sign, written as Redis writes it (`-12`, no `+`, no leading zeros), is refused, as is a sum that
   * would be none.
   */
  incrementBy(key: string, by: bigint): MaybePromise<bigint | KvRefusal>;
  /** How many of them there were. */
  del(keys: readonly string[]): MaybePromise<number>;
  /** Milliseconds left to live; -1 for a key that stays, -2 for one that is not there. */
  ttlMs(key: string): MaybePromise<number>;
  /** Sets the time to live; deletes the key when it is below 1. False when the key is not there. */
  expire(key: string, ttlMs: number): MaybePromise<boolean>;
  /** What is there for the whole time of the call is found; what comes or goes meanwhile may be. */
  list(query: KvQuery): MaybePromise<KvPage>;
}
