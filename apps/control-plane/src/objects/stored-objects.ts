import { AppError } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import { BoundedGate } from '../platform/bounded-gate.js';
import type { ObjectCopies, ObjectCopy } from './object-copies.js';
import { ObjectMissingError, type StorableObject, type StoreName } from './object-store.js';
import type { ObjectStores } from './object-stores.js';
import { primed, verified, WrongBytesError } from './verified.js';

/**
 * The bytes of artifacts and sources, wherever they are. An object is written before the row that needs it: what a crash
 * leaves in between is an object nobody needs, never a row without its bytes, and `ObjectUpkeep` removes it.
 */
export class StoredObjects {
  /** Bounds the connections, and the memory, that writing takes. */
  private readonly writes = new BoundedGate({ runningMax: 8, waitingMax: 256, waitTimeoutMs: 15_000 });

  constructor(
    private readonly copies: ObjectCopies,
    private readonly stores: ObjectStores,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the preferred store has the whole object, whether it was there or not. For as long as unused objects are
   * kept from then on, it stays there without being needed by anything. Throws `platform.storage`, `platform.database` or
   * `capacity.overloaded`.
   */
  write(object: StorableObject): Promise<void> {
    const { preferred } = this.stores;
    return this.writes.run(async () => {
      const copy: ObjectCopy = { sha256: object.sha256, size: object.size, store: preferred.name };
      const isKnown = await this.copies.touch(copy, this.clock.date());
      if (isKnown && (await preferred.has(object))) return;
      await preferred.put(object);
      await this.copies.complete(copy, this.clock.date());
    });
  }

  /**
   * The bytes, checked while they come: what is wrong with a short object, or before the first piece of a long one, is thrown
   * here as `platform.storage`, and the rest breaks the reading off. `title` names the object in what is thrown.
   */
  async open(sha256: string, title: string): Promise<AsyncIterableIterator<Uint8Array>> {
    let failure: AppError | undefined;
    for (const copy of await this.copiesOf(sha256)) {
      try {
        return await primed(this.readCopy(copy));
      } catch (error) {
        const known = storageError(error, title);
        if (known === undefined) throw error;
        failure ??= known; // of the store that is asked first
      }
    }
    throw failure ?? new AppError('platform.storage', { detail: `no store has the bytes of ${title}: upload or save them again` });
  }

  /** The whole object in memory. Throws as `open` does. */
  async readAll(sha256: string, title: string): Promise<Buffer> {
    const chunks: Uint8Array[] = [];
    try {
      for await (const chunk of await this.open(sha256, title)) chunks.push(chunk);
    } catch (error) {
      throw storageError(error, title) ?? error;
    }
    return Buffer.concat(chunks);
  }

  /** The bytes of one copy, checked while they come. Ends as `verified` and the store do. */
  readCopy({ sha256, size, store: name }: ObjectCopy): AsyncGenerator<Uint8Array, void, undefined> {
    const store = this.stores.all.find((one) => one.name === name);
    if (store === undefined) throw notConfigured(name);
    return verified(store.read(sha256), { sha256, size }, store.title);
  }

  private async copiesOf(sha256: string): Promise<readonly ObjectCopy[]> {
    const known = await this.copies.of(sha256, this.stores.preferred.name);
    return known.length > 0 ? known : this.copies.adopt(sha256, this.clock.date());
  }
}

function notConfigured(name: StoreName): AppError {
  return new AppError('platform.storage', {
    detail: `some objects are in ${name} still, which is not configured any more: set TORII_S3_BUCKET again`,
  });
}

/** What is wrong with the bytes, or with where they are, in words for callers; undefined for any other error. */
function storageError(error: unknown, title: string): AppError | undefined {
  if (error instanceof AppError && error.code === 'platform.storage') return error;
  if (error instanceof ObjectMissingError) {
    return new AppError('platform.storage', { detail: `${error.store} has lost the bytes of ${title}: upload or save them again`, cause: error });
  }
  if (error instanceof WrongBytesError) {
    const detail = `${error.store} has wrong bytes for ${title}: delete them there, then upload or save them again`;
    return new AppError('platform.storage', { detail, cause: error });
  }
  return undefined;
}
