import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectStore, StorableObject } from '../../src/objects/object-store.js';

export interface OpenedStore {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

/** An object of that many random bytes, in chunks of that many. */
export function anObject(size: number, chunkBytes = 65_536): StorableObject & { readonly bytes: Buffer } {
  const bytes = randomBytes(size);
  return {
    bytes,
    size,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    async *open() {
      for (let start = 0; start < size; start += chunkBytes) yield bytes.subarray(start, start + chunkBytes);
    },
  };
}

export async function allOf(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** What every `ObjectStore` promises. */
export function describeObjectStore(name: string, open: () => Promise<OpenedStore>): void {
  describe(`${name} as an object store`, () => {
    let opened: OpenedStore;
    let store: ObjectStore;

    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened?.close());

    it.each([1, 65_536, 512 * 1024, 512 * 1024 + 1, 3 * 1024 * 1024])('gives back %d bytes as they were', async (size) => {
      const object = anObject(size);
      await store.put(object);
      expect((await allOf(store.read(object.sha256))).equals(object.bytes)).toBe(true);
      expect(await store.has(object)).toBe(true);
    });

    it('gives a large object in pieces', async () => {
      const object = anObject(3 * 1024 * 1024);
      await store.put(object);
      let largest = 0;
      for await (const chunk of store.read(object.sha256)) largest = Math.max(largest, chunk.length);
      expect(largest).toBeLessThanOrEqual(512 * 1024);
    });

    it('puts the same object any number of times, also at once', async () => {
      const object = anObject(600_000);
      await Promise.all(Array.from({ length: 4 }, () => store.put(object)));
      await store.put(object);
      expect((await allOf(store.read(object.sha256))).equals(object.bytes)).toBe(true);
    });

    it('has no object that was not put, or not in full, or was removed', async () => {
      const object = anObject(1_000);
      expect(await store.has(object)).toBe(false);
      await store.put(object);
      expect(await store.has({ sha256: object.sha256, size: 999 })).toBe(false);
      await store.remove(object.sha256);
      expect(await store.has(object)).toBe(false);
      await store.remove(object.sha256);
      await expect(allOf(store.read(object.sha256))).rejects.toMatchObject({ name: 'ObjectMissingError' });
    });

    it('fails when what it is to put fails on the way, and takes it the next time', async () => {
      const object = anObject(700_000);
      const breaking = async function* () {
        yield object.bytes.subarray(0, 600_000);
        throw new Error('broken off');
      };
      await expect(store.put({ ...object, open: breaking })).rejects.toThrow();
      expect(await store.has(object)).toBe(false);
      await store.put(object);
      expect((await allOf(store.read(object.sha256))).equals(object.bytes)).toBe(true);
    });

    it('lets a reader stop in the middle, any number of times', async () => {
      const object = anObject(2 * 1024 * 1024);
      await store.put(object);
      for (let round = 0; round < 100; round += 1) {
        for await (const chunk of store.read(object.sha256)) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }
      expect((await allOf(store.read(object.sha256))).equals(object.bytes)).toBe(true);
    });

    it('says that it works', async () => {
      await expect(store.check()).resolves.toBeUndefined();
      await expect(store.check()).resolves.toBeUndefined();
    });
  });
}
