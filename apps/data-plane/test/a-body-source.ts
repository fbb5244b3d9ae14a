import type { BodySource } from '../src/pipeline/exchange.js';

/** A body that has arrived; nobody asks for it as it comes, and there is room for any more. */
export function aBodySource(body: Uint8Array): BodySource {
  return {
    read: () => Promise.resolve(body),
    stream: () => {
      throw new Error('the body is read as a whole here');
    },
    hold: () => true,
  };
}
