import { describe, expect, it } from '@jest/globals';
import type { KvStore } from '@torii/kv';
import { eventually } from '../eventually.js';
import { type OpenStore, roomy, text, textOf } from './kv-store-fixture.js';

const soonMs = 40;
const longMs = 3_600_000;

export function describeExpiry(name: string, open: OpenStore): void {
  const gone = (store: KvStore, key: string): Promise<void> => eventually(async () => expect(await store.exists(key)).toBe(false));

  describe(`${name}: time to live`, () => {
    it('says how long a key has to live, as Redis does', async () => {
      const store = await open(roomy);
      await store.set('stays', text('1'));
      await store.set('goes', text('1'), { ttlMs: longMs });
      expect(await store.ttlMs('absent')).toBe(-2);
      expect(await store.ttlMs('stays')).toBe(-1);
      const leftMs = await store.ttlMs('goes');
      expect(leftMs).toBeGreaterThan(longMs - 60_000);
      expect(leftMs).toBeLessThanOrEqual(longMs);
    });

    it('forgets what has expired, for every operation', async () => {
      const store = await open(roomy);
      for (const key of ['a', 'b', 'c', 'd', 'e']) await store.set(key, text('1'), { ttlMs: soonMs });
      await store.set('stays', text('1'));
      for (const key of ['a', 'b', 'c', 'd', 'e']) await gone(store, key);
      expect(await store.get('a')).toBeUndefined();
      expect(await store.ttlMs('a')).toBe(-2);
      expect(await store.expire('a', longMs)).toBe(false);
      expect(await store.del(['a'])).toBe(0);
      expect(await store.setIfAbsent('b', text('2'))).toBe(true);
      expect(await store.compareAndSet('c', text('1'), text('2'))).toBe(false);
      expect(await store.compareAndSet('c', undefined, text('2'))).toBe(true);
      expect(await store.incrementBy('d', 5n)).toBe(5n);
      expect(await store.ttlMs('d')).toBe(-1);
      const page = await store.list({ limit: 100, maxBytes: 10_000, withValues: false });
      expect(page.entries.map(({ key }) => key).sort()).toEqual(['b', 'c', 'd', 'stays']);
    });

    it('lets a key live for ever again when it is set without a time, and keeps the time of a sum', async () => {
      const store = await open(roomy);
      await store.set('key', text('1'), { ttlMs: longMs });
      expect(await store.incrementBy('key', 1n)).toBe(2n);
      expect(await store.ttlMs('key')).toBeGreaterThan(0);
      await store.set('key', text('3'));
      expect(await store.ttlMs('key')).toBe(-1);
      expect(await store.setIfAbsent('new', text('1'), { ttlMs: longMs })).toBe(true);
      expect(await store.ttlMs('new')).toBeGreaterThan(0);
      expect(await store.compareAndSet('new', text('1'), text('2'))).toBe(true);
      expect(await store.ttlMs('new')).toBe(-1);
    });

    it('changes the time to live, and deletes at once what has none left', async () => {
      const store = await open(roomy);
      await store.set('key', text('1'));
      expect(await store.expire('key', longMs)).toBe(true);
      expect(await store.ttlMs('key')).toBeGreaterThan(0);
      expect(await store.expire('key', soonMs)).toBe(true);
      await gone(store, 'key');
      await store.set('key', text('1'));
      expect(await store.expire('key', 0)).toBe(true);
      expect(await store.exists('key')).toBe(false);
      expect(await store.expire('key', -5)).toBe(false);
    });

    it('has room again for what has expired, in bytes and in keys', async () => {
      const store = await open({ maxBytes: 20, maxKeys: 2 });
      for (const key of ['a', 'b']) await store.set(key, text('123456789'), { ttlMs: longMs });
      expect(await store.set('c', new Uint8Array(0))).toBe('over_limit');
      for (const key of ['a', 'b']) await store.expire(key, soonMs);
      for (const key of ['a', 'b']) await gone(store, key);
      expect(await store.set('c', text('123456789'))).toBeUndefined();
      expect(await store.set('d', text('123456789'))).toBeUndefined();
      expect(await store.set('d', text('1234567890'))).toBe('over_limit');
      expect(textOf(await store.get('c'))).toBe('123456789');
    });

    it('takes a time to live that makes no sense for the nearest that does', async () => {
      const store = await open(roomy);
      for (const ttlMs of [0, -1, 0.5, Number.NaN]) {
        await store.set('key', text('1'), { ttlMs });
        await gone(store, 'key');
      }
      await store.set('key', text('1'), { ttlMs: Number.POSITIVE_INFINITY });
      expect(await store.ttlMs('key')).toBeGreaterThan(longMs);
    });
  });
}
