/** Bytes to be kept, whose address is their sha256. */
export interface StorableObject {
  readonly sha256: string;
  readonly size: number;
  /** From the beginning, each time: a write that fails on the way is tried again. */
  readonly open: () => AsyncIterable<Uint8Array>;
}

/** Names of stores, as the database remembers where a copy is. */
export type StoreName = 'postgres' | 's3';

/**
 * Keeps bytes by their sha256. It trusts what it is given and gives back what it has: whoever reads checks the hash.
 *
 * Every method ends within a deadline of its own, and throws `platform.storage` or the database's own error when the store
 * cannot be reached. The conformance suite in `test/support` says the rest.
 */
export interface ObjectStore {
  readonly name: StoreName;
  /** Where it is, for people. */
  readonly title: string;
  /** Stores the bytes, in the place of any that are there. What fails on the way may leave a part behind. */
  put(object: StorableObject): Promise<void>;
  /** Whether there are as many bytes as there should be. */
  has(object: { readonly sha256: string; readonly size: number }): Promise<boolean>;
  /** The bytes in order, a piece at a time. Throws `ObjectMissingError` where there are none. */
  read(sha256: string): AsyncGenerator<Uint8Array, void, undefined>;
  /** Does nothing where there are none. */
  remove(sha256: string): Promise<void>;
  /** Resolves when the store can be read and written. */
  check(): Promise<void>;
  close(): void;
}

/** A store does not have an object. */
export class ObjectMissingError extends Error {
  constructor(
    readonly sha256: string,
    readonly store: string,
  ) {
    super(`${store} does not have ${sha256}`);
    this.name = 'ObjectMissingError';
  }
}
