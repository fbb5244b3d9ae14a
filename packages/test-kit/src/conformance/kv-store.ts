import { describe, expect, it } from '@jest/globals';
import { describeExpiry } from './kv-store-expiry.js';
import { bytesOf, type OpenStore, roomy, text, textOf } from './kv-store-fixture.js';
import { describeListing } from './kv-store-listing.js';
import { describeWrites } from './kv-store-writes.js';

/** Runs what every `KvStore` promises; `open` hands out an empty store with these limits each time. */
export function describeKvStore(name: string, open: OpenStore): void {
  describeWrites(name, open);
  describeExpiry(name, open);
  describeListing(name, open);

  describe(`${name} as a KvStore`, () => {
    it('has nothing under a key that was never set', async () => {
      const store = await open(roomy);
      expect(await store.get('absent')).toBeUndefined();
      expect(await store.del(['absent'])).toBe(0);
    });

    it('gives back exactly the bytes that were set, also empty, binary and large ones', async () => {
      const store = await open(roomy);
      const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
      const large = new Uint8Array(300_000).fill(7);
      for (const value of [new Uint8Array(0), everyByte, large]) {
        expect(await store.set('key', value)).toBeUndefined();
        expect(bytesOf(await store.get('key'))).toEqual(bytesOf(value));
      }
    });

    it('takes any text as a key, and keeps keys apart', async () => {
      const store = await open(roomy);
      const keys = ['', ' ', 'a', 'A', 'avenue allendé', '雪', '🚀', 'a:b', '{a}', 'a\u0000b', '__proto__', 'constructor', '"\\', 'x'.repeat(5_000)];
      for (const key of keys) expect(await store.set(key, text(`value of ${key}`))).toBeUndefined();
      for (const key of keys) expect(textOf(await store.get(key))).toBe(`value of ${key}`);
    });

    it('takes a lone surrogate for the replacement character', async () => {
      const store = await open(roomy);
      await store.set('a\ud800', text('value'));
      expect(textOf(await store.get('a\ufffd'))).toBe('value');
      expect(await store.del(['a\udfff'])).toBe(1);
    });

    it('replaces a value, and forgets a deleted one', async () => {
      const store = await open(roomy);
      await store.set('key', text('first'));
      await store.set('key', text('second'));
      expect(textOf(await store.get('key'))).toBe('second');
      expect(await store.del(['key'])).toBe(1);
      expect(await store.get('key')).toBeUndefined();
      expect(await store.del(['key'])).toBe(0);
    });

    it('is not changed by what its callers do to their bytes afterwards', async () => {
      const store = await open(roomy);
      const mine = text('value');
      const write = store.set('key', mine);
      mine.fill(0);
      await write;
      const read = await store.get('key');
      read?.fill(0);
      expect(textOf(await store.get('key'))).toBe('value');
    });

    it('takes a view of a larger buffer for the part it shows', async () => {
      const store = await open(roomy);
      const memory = text('before-value-after');
      await store.set('key', memory.subarray(7, 12));
      expect(textOf(await store.get('key'))).toBe('value');
      expect(textOf(memory)).toBe('before-value-after');
    });

    it('fills up to its bytes, keys counted in UTF-8, and refuses one more without a change', async () => {
      const store = await open({ maxBytes: 10, maxKeys: 100 });
      expect(await store.set('雪', text('1234567'))).toBeUndefined(); // 3 + 7 bytes
      expect(await store.set('a', new Uint8Array(0))).toBe('over_limit');
      expect(await store.set('雪', text('12345678'))).toBe('over_limit');
      expect(textOf(await store.get('雪'))).toBe('1234567');
      expect(await store.get('a')).toBeUndefined();
    });

    it('has room again after a value shrank or went', async () => {
      const store = await open({ maxBytes: 10, maxKeys: 100 });
      await store.set('a', text('123456789'));
      await store.set('a', text('1'));
      expect(await store.set('b', text('1234567'))).toBeUndefined();
      expect(await store.set('b', text('12345678'))).toBe('over_limit');
      await store.del(['a']);
      expect(await store.set('b', text('123456789'))).toBeUndefined();
      await store.del(['b']);
      expect(await store.set('c', text('123456789'))).toBeUndefined();
    });

    it('refuses one key more than it may hold, but not a new value for one it has', async () => {
      const store = await open({ maxBytes: 1_000, maxKeys: 2 });
      await store.set('a', text('1'));
      await store.set('b', text('1'));
      expect(await store.set('c', text('1'))).toBe('over_limit');
      expect(await store.set('b', text('12'))).toBeUndefined();
      await store.del(['a']);
      expect(await store.set('c', text('1'))).toBeUndefined();
    });

    it('holds nothing when it may hold no bytes', async () => {
      const store = await open({ maxBytes: 0, maxKeys: 100 });
      expect(await store.set('a', new Uint8Array(0))).toBe('over_limit');
      expect(await store.get('a')).toBeUndefined();
    });

    it('keeps the order of writes that were started one after another', async () => {
      const store = await open(roomy);
      const writes = Array.from({ length: 200 }, (_, index) => store.set('key', text(String(index))));
      const read = store.get('key');
      await Promise.all(writes);
      expect(textOf(await read)).toBe('199');
    });

    it('counts its bytes right whatever the order of writes and deletes', async () => {
      const store = await open({ maxBytes: 64, maxKeys: 100 });
      const held = new Map<string, number>();
      for (let step = 0; step < 300; step++) {
        const key = `k${(step * 7) % 13}`;
        if (step % 5 === 4) {
          expect(await store.del([key])).toBe(held.delete(key) ? 1 : 0);
          continue;
        }
        const length = (step * 11) % 17;
        const others = [...held].reduce((sum, [name, size]) => (name === key ? sum : sum + name.length + size), 0);
        const grows = length - (held.get(key) ?? -key.length) > 0;
        const isRefused = grows && others + key.length + length > 64;
        expect(await store.set(key, new Uint8Array(length))).toBe(isRefused ? 'over_limit' : undefined);
        if (!isRefused) held.set(key, length);
      }
    });
  });
}
