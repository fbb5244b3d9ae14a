import type { Readable } from 'node:stream';

/** The body of a request that nobody has read, on its way from the client to an upstream. */
export interface ClientBody {
  /** Whether any of it was asked for: then it cannot be sent a second time. */
  readonly hasBegun: boolean;
  /** Whether it is the client that is waited for. */
  readonly isStarved: boolean;
  /**
   * Its bytes. Once it ends or is destroyed the rest is nobody's. Where trailers follow them, name and value in turn, `onTrailers` is
   * called right before their end.
   */
  open(onTrailers: (trailers: readonly string[]) => void): Readable;
}
