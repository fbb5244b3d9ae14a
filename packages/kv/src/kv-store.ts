/** Why a write was refused. */
export type KvRefusal = 'over_limit';

/** The most keys one map may hold; what an entry costs beside its bytes is bounded by this. */
export const kvMaxKeys = 1_000_000;

/**
 * One plugin's map: text keys, byte values, bounded in bytes (UTF-8 of the keys plus values) and in keys (`kvMaxKeys`).
 *
 * Every operation is bounded in time by its implementation and rejects with an `AppError` (`platform.redis`) when the
 * store cannot be reached. A write is visible to every later read of the same store, from any thread of the node.
 * Keys are well-formed Unicode: a lone surrogate is the same key as U+FFFD.
 */
export interface KvStore {
  /** The value, or undefined when there is none. The caller owns the bytes. */
  get(key: string): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /**
   * Sets the value, or changes nothing and answers why: `over_limit` when the map would grow past its bytes or keys.
   * A write that does not grow the map always succeeds, also after the limit was lowered. The caller keeps the bytes.
   */
  set(key: string, value: Uint8Array): Promise<KvRefusal | undefined>;
  /** Whether there was something to delete. */
  del(key: string): Promise<boolean>;
}
