import { createHash } from 'node:crypto';

export interface ExpectedBytes {
  readonly sha256: string;
  readonly size: number;
}

/** What a store gave back is not what was stored. */
export class WrongBytesError extends Error {
  constructor(
    sha256: string,
    readonly store: string,
  ) {
    super(`${store} has other bytes than those of ${sha256}`);
    this.name = 'WrongBytesError';
  }
}

/**
 * The same chunks, checked on the way. The last one is held back until all of them are known to be right, so that nobody
 * ever gets wrong bytes to their end: a short object fails before its first byte. Throws `WrongBytesError`.
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  { sha256, size }: ExpectedBytes,
  store: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hash = createHash('sha256');
  let seen = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue; // nothing that could be held back
    seen += chunk.length;
    if (seen > size) throw new WrongBytesError(sha256, store);
    if (held !== undefined) yield held;
    hash.update(chunk);
    held = chunk;
  }
  if (seen !== size || hash.digest('hex') !== sha256) throw new WrongBytesError(sha256, store);
  if (held !== undefined) yield held;
}

/**
 * Waits for the first chunk, so that what fails at once fails here, and gives it back with the others. Whoever is done early,
 * even before the first chunk, ends the original by `return`.
 */
export async function primed(chunks: AsyncGenerator<Uint8Array, void, undefined>): Promise<AsyncIterableIterator<Uint8Array>> {
  let first: IteratorResult<Uint8Array, void> | undefined = await chunks.next();
  const iterator: AsyncIterableIterator<Uint8Array> = {
    next: async () => {
      const result = first ?? (await chunks.next());
      first = undefined;
      return result;
    },
    return: () => chunks.return(),
    [Symbol.asyncIterator]: () => iterator,
  };
  return iterator;
}
