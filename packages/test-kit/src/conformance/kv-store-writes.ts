import { describe, expect, it } from '@jest/globals';
import { type OpenStore, roomy, text, textOf } from './kv-store-fixture.js';

const maxInteger = 2n ** 63n - 1n;

export function describeWrites(name: string, open: OpenStore): void {
  describe(`${name}: writes with a condition, and sums`, () => {
    it('tells what is there', async () => {
      const store = await open(roomy);
      await store.set('key', new Uint8Array(0));
      expect(await store.exists('key')).toBe(true);
      expect(await store.exists('absent')).toBe(false);
      expect(await store.del(['key', 'absent', 'key'])).toBe(1);
      expect(await store.exists('key')).toBe(false);
    });

    it('deletes many at once and counts them', async () => {
      const store = await open(roomy);
      const keys = Array.from({ length: 1_200 }, (_, index) => `k${index}`);
      await Promise.all(keys.map((key) => store.set(key, text(key))));
      expect(await store.del(['absent', ...keys])).toBe(1_200);
      expect(await store.del([])).toBe(0);
      expect(await store.get('k7')).toBeUndefined();
    });

    it('sets what is absent, and leaves alone what is not', async () => {
      const store = await open(roomy);
      expect(await store.setIfAbsent('key', text('first'))).toBe(true);
      expect(await store.setIfAbsent('key', text('second'))).toBe(false);
      expect(textOf(await store.get('key'))).toBe('first');
    });

    it('swaps a value only for the one that is expected, byte by byte', async () => {
      const store = await open(roomy);
      expect(await store.compareAndSet('key', text('x'), text('a'))).toBe(false);
      expect(await store.compareAndSet('key', undefined, text('a'))).toBe(true);
      expect(await store.compareAndSet('key', undefined, text('b'))).toBe(false);
      for (const other of ['', 'A', 'aa', 'b']) expect(await store.compareAndSet('key', text(other), text('b'))).toBe(false);
      expect(textOf(await store.get('key'))).toBe('a');
      expect(await store.compareAndSet('key', text('a'), new Uint8Array(0))).toBe(true);
      expect(await store.compareAndSet('key', new Uint8Array(0), Uint8Array.of(0, 255))).toBe(true);
      expect(await store.compareAndSet('key', Uint8Array.of(0, 254), text('c'))).toBe(false);
      expect(await store.compareAndSet('key', Uint8Array.of(0, 255), text('c'))).toBe(true);
    });

    it('refuses a write with a condition that would go over the limit, without a change', async () => {
      const store = await open({ maxBytes: 10, maxKeys: 2 });
      expect(await store.setIfAbsent('a', text('1234567890'))).toBe('over_limit');
      expect(await store.compareAndSet('a', undefined, text('1234567890'))).toBe('over_limit');
      expect(await store.exists('a')).toBe(false);
      expect(await store.setIfAbsent('a', text('1'))).toBe(true);
      expect(await store.compareAndSet('a', text('1'), text('1234567890'))).toBe('over_limit');
      expect(textOf(await store.get('a'))).toBe('1');
      expect(await store.incrementBy('a', 10n ** 12n)).toBe('over_limit');
      expect(textOf(await store.get('a'))).toBe('1');
      expect(await store.setIfAbsent('b', text('1'))).toBe(true);
      expect(await store.incrementBy('c', 1n)).toBe('over_limit');
      expect(await store.exists('c')).toBe(false);
    });

    it('lets one of many writers through when all expect the same', async () => {
      const store = await open(roomy);
      await store.set('key', text('0'));
      const outcomes = await Promise.all(Array.from({ length: 20 }, (_, index) => store.compareAndSet('key', text('0'), text(`${index + 1}`))));
      expect(outcomes.filter((outcome) => outcome === true)).toHaveLength(1);
    });

    it('adds up, from nought and from decimal text, with every sum exact', async () => {
      const store = await open(roomy);
      expect(await store.incrementBy('n', 5n)).toBe(5n);
      expect(await store.incrementBy('n', -7n)).toBe(-2n);
      expect(textOf(await store.get('n'))).toBe('-2');
      await store.set('n', text('9007199254740993'));
      expect(await store.incrementBy('n', 2n)).toBe(9007199254740995n);
      const sums = await Promise.all(Array.from({ length: 50 }, () => store.incrementBy('many', 1n)));
      expect(new Set(sums).size).toBe(50);
      expect(await store.incrementBy('many', 0n)).toBe(50n);
    });

    it('refuses to add to what is no integer, and sums beyond 64 bits', async () => {
      const store = await open(roomy);
      for (const value of ['', 'x', '1.5', '1e3', ' 1', '1 ', '+1', '01', '-0', '0x10', '9223372036854775808', '1'.repeat(30)]) {
        await store.set('n', text(value));
        expect(await store.incrementBy('n', 1n)).toBe('not_a_number');
        expect(textOf(await store.get('n'))).toBe(value);
      }
      await store.set('n', text(String(maxInteger - 1n)));
      expect(await store.incrementBy('n', 1n)).toBe(maxInteger);
      expect(await store.incrementBy('n', 1n)).toBe('not_a_number');
      expect(await store.incrementBy('n', -maxInteger)).toBe(0n);
      expect(await store.incrementBy('n', -maxInteger - 1n)).toBe(-maxInteger - 1n);
      expect(await store.incrementBy('n', -1n)).toBe('not_a_number');
      expect(await store.incrementBy('n', maxInteger + 1n)).toBe('not_a_number');
    });

    it('takes a key of 64 KiB, and refuses a longer one', async () => {
      const store = await open(roomy);
      const longest = 'k'.repeat(65_536);
      expect(await store.set(longest, text('value'))).toBeUndefined();
      expect(textOf(await store.get(longest))).toBe('value');
      for (const key of [`${longest}k`, '雪'.repeat(30_000)]) {
        expect(await store.set(key, text('value'))).toBe('over_limit');
        expect(await store.setIfAbsent(key, text('value'))).toBe('over_limit');
        expect(await store.incrementBy(key, 1n)).toBe('over_limit');
        expect(await store.get(key)).toBeUndefined();
        expect(await store.exists(key)).toBe(false);
        expect(await store.ttlMs(key)).toBe(-2);
        expect(await store.expire(key, 1_000)).toBe(false);
        expect(await store.del([key])).toBe(0);
      }
    });
  });
}
