import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { primed, verified } from './verified.js';

async function* given(chunks: readonly Uint8Array[]) {
  yield* chunks;
}

async function allOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

function expectationOf(chunks: readonly Uint8Array[]) {
  const bytes = Buffer.concat(chunks);
  return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

const someChunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { minLength: 1, maxLength: 8 });

describe('verified', () => {
  it('gives back the bytes that were expected', async () => {
    await fc.assert(
      fc.asyncProperty(someChunks, async (chunks) => {
        const read = await allOf(verified(given(chunks), expectationOf(chunks), 'a store'));
        expect(Buffer.concat(read).equals(Buffer.concat(chunks))).toBe(true);
      }),
    );
  });

  it('gives nobody all of the bytes when one of them is wrong, missing or too many', async () => {
    const change = fc.constantFrom('wrong', 'missing', 'too many');
    await fc.assert(
      fc.asyncProperty(someChunks, fc.nat(), change, async (chunks, at, kind) => {
        const expected = expectationOf(chunks);
        const bytes = Buffer.concat(chunks);
        const place = at % bytes.length;
        const flipped = Buffer.from(bytes);
        flipped.writeUInt8(flipped.readUInt8(place) ^ 1, place);
        const damaged = { wrong: flipped, missing: bytes.subarray(0, place), 'too many': Buffer.concat([bytes, Buffer.from([0])]) }[kind];
        let seen = 0;
        const reading = async () => {
          for await (const chunk of verified(given([damaged.subarray(0, 5), damaged.subarray(5)]), expected, 'a store')) seen += chunk.length;
        };
        await expect(reading()).rejects.toMatchObject({ name: 'WrongBytesError' });
        expect(seen).toBeLessThan(expected.size);
      }),
    );
  });
});

describe('primed', () => {
  it('ends the original when nobody takes a chunk', async () => {
    let isEnded = false;
    const original = async function* () {
      try {
        yield Buffer.from('first');
        yield Buffer.from('second');
      } finally {
        isEnded = true;
      }
    };
    const chunks = await primed(original());
    await chunks.return?.();
    expect(isEnded).toBe(true);
  });

  it('gives every chunk once, in order', async () => {
    const chunks = await primed(given([Buffer.from('a'), Buffer.from('b')]));
    expect(Buffer.concat(await allOf(chunks)).toString()).toBe('ab');
    expect(await allOf(await primed(given([])))).toEqual([]);
  });
});
