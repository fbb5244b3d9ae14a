import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { piecesOf } from './pieces.js';

async function* given(chunks: readonly Uint8Array[]) {
  yield* chunks;
}

async function allOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

describe('piecesOf', () => {
  it('cuts any chunks into pieces of one size, and a last one of at most that', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), fc.integer({ min: 1, max: 17 }), async (chunks, pieceBytes) => {
        const pieces = await allOf(piecesOf(given(chunks), pieceBytes));
        expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true);
        expect(pieces.slice(0, -1).every(({ length }) => length === pieceBytes)).toBe(true);
        expect(pieces.every(({ length }) => length > 0 && length <= pieceBytes)).toBe(true);
      }),
    );
  });
});
