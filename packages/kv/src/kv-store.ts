/** Why a write was refused. */
export type KvRefusal = 'over_limit';

/**
 * One plugin's map: text keys, byte values, bounded in bytes.
 *
 * Every operation is bounded in time by its implementation and rejects with an `AppError` (`platform.redis`) when the
 * store cannot be reached. A write is visible to every later read of the same store, from any thread of the node.
 */
export interface KvStore {
  /** The value, or undefined when there is none. The caller owns the bytes. */
  get(key: string): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** Sets the value, or changes nothing and answers why: `over_limit` when keys and values together would pass the map's bytes. */
  set(key: string, value: Uint8Array): Promise<KvRefusal | undefined>;
  /** Whether there was something to delete. */
  del(key: string): Promise<boolean>;
}
