import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SplitMap } from './split-map.js';

/** Of no other change, and unlike all others. */
function newOwner(): object {
  return {};
}

function sorted(values: Iterable<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

/** What a map must be like that has these entries. */
function expectSame(map: SplitMap<number>, entries: ReadonlyMap<string, number>, asked: readonly string[]): void {
  expect(map.size).toBe(entries.size);
  expect(sorted(map.values())).toEqual(sorted(entries.values()));
  expect(asked.filter((key) => map.get(key) !== entries.get(key))).toEqual([]);
}

describe('SplitMap', () => {
  const keys = fc.array(
    fc.oneof(
      fc.nat({ max: 3_000 }).map((number) => `key ${number}`),
      fc.string({ maxLength: 80 }),
    ),
    { maxLength: 60 },
  );
  const batches = fc.array(fc.record({ from: fc.nat({ max: 2_000 }), count: fc.nat({ max: 900 }), others: keys, isGone: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  });

  it('holds what an ordinary map holds, and so does each that it was made from', () => {
    fc.assert(
      fc.property(batches, (changes) => {
        const made: { map: SplitMap<number>; entries: Map<string, number> }[] = [{ map: new SplitMap(newOwner()), entries: new Map() }];
        const asked = new Set<string>();
        for (const [turn, { from, count, others, isGone }] of changes.entries()) {
          const base = made.at(-1);
          const map = base?.map.ownedBy(newOwner()) ?? new SplitMap<number>(newOwner());
          const entries = new Map(base?.entries);
          const touched = [...Array.from({ length: count }, (_, index) => `key ${from + index}`), ...others];
          for (const [index, key] of touched.entries()) {
            asked.add(key);
            if (isGone) map.delete(key);
            else map.set(key, turn * 10_000 + index);
            if (isGone) entries.delete(key);
            else entries.set(key, turn * 10_000 + index);
          }
          made.push({ map, entries });
        }
        for (const { map, entries } of made) expectSame(map, entries, [...asked]);
      }),
      { numRuns: 40 },
    );
  });

  it('holds any number of keys whose hashes are the same', () => {
    const map = new SplitMap<number>(newOwner());
    // Every second character of keys this long is looked at: the others may differ without being seen.
    const key = (index: number): string => Array.from(String(index).padStart(24, '0'), (digit) => `${digit}a`).join('');
    for (let index = 0; index < 2_000; index += 1) map.set(key(index), index);
    expectSame(map, new Map(Array.from({ length: 2_000 }, (_, index) => [key(index), index])), [key(0), key(1_999), key(2_000)]);
  });
});
