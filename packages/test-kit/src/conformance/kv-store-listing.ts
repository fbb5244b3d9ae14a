import { describe, expect, it } from '@jest/globals';
import type { KvPage, KvStore } from '@torii/kv';
import { type OpenStore, roomy, text, textOf } from './kv-store-fixture.js';

const all = { limit: 10_000, maxBytes: 1024 * 1024, withValues: false };

export function describeListing(name: string, open: OpenStore): void {
  const keysOf = (page: KvPage): string[] => page.entries.map(({ key }) => key).sort();
  async function filled(...keys: string[]): Promise<KvStore> {
    const store = await open(roomy);
    await Promise.all(keys.map((key) => store.set(key, text(`<${key}>`))));
    return store;
  }

  describe(`${name}: listing`, () => {
    it('lists everything once, with values when they are asked for', async () => {
      const keys = Array.from({ length: 3_000 }, (_, index) => `k${index}`).sort();
      const store = await filled(...keys);
      const page = await store.list({ ...all, withValues: true });
      expect(page.isComplete).toBe(true);
      expect(keysOf(page)).toEqual(keys);
      for (const { key, value } of page.entries) expect(textOf(value)).toBe(`<${key}>`);
      const bare = await store.list(all);
      expect(keysOf(bare)).toEqual(keys);
      expect(bare.entries.every(({ value }) => value.length === 0)).toBe(true);
    });

    it('lists nothing of an empty store', async () => {
      expect(await (await open(roomy)).list(all)).toEqual({ entries: [], isComplete: true });
    });

    it.each([
      ['*', ['', 'a', 'a*c', 'abc', 'abd', 'b[x]', 'é', 'a\\b']],
      ['a*', ['a', 'a*c', 'abc', 'abd', 'a\\b']],
      ['a?c', ['a*c', 'abc']],
      ['a\\*c', ['a*c']],
      ['a[b-c]?', ['abc', 'abd']],
      ['a[c-a][^c]', ['abd']],
      ['[^a]*', ['b[x]', 'é']],
      ['b\\[x\\]', ['b[x]']],
      ['*[cd]', ['a*c', 'abc', 'abd']],
      ['a\\\\b', ['a\\b']],
      ['??', ['é']],
      ['é', ['é']],
      ['', ['']],
      ['nothing', []],
    ])('finds by the pattern %j what Redis finds', async (pattern, found) => {
      const store = await filled('', 'a', 'a*c', 'abc', 'abd', 'b[x]', 'é', 'a\\b');
      expect(keysOf(await store.list({ ...all, pattern }))).toEqual([...found].sort());
    });

    it('finds by prefix, taken as it is, and by prefix and pattern together', async () => {
      const store = await filled('a*1', 'a*2', 'ab2', 'b');
      expect(keysOf(await store.list({ ...all, prefix: 'a*' }))).toEqual(['a*1', 'a*2']);
      expect(keysOf(await store.list({ ...all, prefix: 'a', pattern: '*2' }))).toEqual(['a*2', 'ab2']);
      expect(keysOf(await store.list({ ...all, prefix: '' }))).toHaveLength(4);
    });

    it('stops at its limits and says so, and only then', async () => {
      const store = await filled('a', 'b', 'c');
      const [two, three, none] = await Promise.all([2, 3, 0].map((limit) => store.list({ ...all, limit })));
      expect([two?.entries.length, two?.isComplete]).toEqual([2, false]);
      expect([three?.entries.length, three?.isComplete]).toEqual([3, true]);
      expect([none?.entries.length, none?.isComplete]).toEqual([0, false]);
      const bytes = await store.list({ ...all, maxBytes: 8, withValues: true }); // each entry takes 4
      expect([bytes.entries.length, bytes.isComplete]).toEqual([2, false]);
      const exact = await store.list({ ...all, maxBytes: 12, withValues: true });
      expect([exact.entries.length, exact.isComplete]).toEqual([3, true]);
    });

    it('takes no pattern longer than 1,024 characters', async () => {
      const store = await filled('a'.repeat(2_000));
      expect(await store.list({ ...all, pattern: 'a'.repeat(2_000) })).toEqual({ entries: [], isComplete: true });
    });

    it('is not held up by a pattern made to be slow', async () => {
      const store = await filled(...Array.from({ length: 20 }, (_, index) => `${'a'.repeat(20_000)}${index}`));
      const page = await store.list({ ...all, pattern: `*${'a'.repeat(1_000)}b` });
      expect(page).toEqual({ entries: [], isComplete: false });
    });
  });
}
