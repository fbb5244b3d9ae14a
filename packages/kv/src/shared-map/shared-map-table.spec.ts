import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import { auditTable } from '../../test/table-audit.js';
import type { MapLimits } from './map-headers.js';
import { SharedMapTable } from './shared-map-table.js';
import { partsOf, type TableParts } from './table-parts.js';

const MiB = 1024 * 1024;
const roomy: MapLimits = { maxBytes: 64 * MiB, maxKeys: 1_000_000, policy: 'refuse' };
let nowMs = 1_000_000;
const clock = { nowMs: () => nowMs };
const noMap = new AppError('plugin.grant_denied', { detail: 'this plugin has no map in memory' });
const tables: SharedMapTable[] = [];

function create(bytes: number): SharedMapTable {
  const table = SharedMapTable.create(bytes, { clock });
  tables.push(table);
  return table;
}

afterEach(() => {
  for (const table of tables.splice(0)) auditTable(partsOf(table.buffer, 200, clock));
});

describe('SharedMapTable', () => {
  it('shows every thread what another one wrote, map by map', () => {
    const table = create(MiB);
    table.open('a', roomy);
    table.open('b', roomy);
    const [one, two] = [0, 1].map((index) => SharedMapTable.attach(table.buffer, index, { clock }));
    one?.map('a').set('key', Uint8Array.of(1));
    expect([...(two?.map('a').get('key') ?? [])]).toEqual([1]);
    expect(two?.map('b').get('key')).toBeUndefined();
  });

  it('says so when there is no such map, until it is opened', () => {
    const table = create(MiB);
    const store = SharedMapTable.attach(table.buffer, 0, { clock }).map('a');
    expect(() => store.get('key')).toThrow(noMap);
    expect(() => store.set('key', new Uint8Array(1))).toThrow(noMap);
    expect(() => store.list({ limit: 1, maxBytes: 1, withValues: false })).toThrow(noMap);
    table.open('a', roomy);
    expect(store.get('key')).toBeUndefined();
  });

  it('frees everything of a map that is dropped, and begins anew when it is opened again', () => {
    const table = create(8 * MiB);
    table.open('kept', roomy);
    table.map('kept').set('key', Uint8Array.of(1));
    table.open('dropped', roomy);
    table.retainOnly(new Set(['kept']));
    const before = table.freeBytes;
    table.open('dropped', roomy);
    const store = SharedMapTable.attach(table.buffer, 0, { clock }).map('dropped');
    for (let index = 0; index < 5_000; index++) store.set(`key${index}`, new Uint8Array(100));
    expect(table.freeBytes).toBeLessThan(before - 5_000 * 100);
    table.retainOnly(new Set(['kept']));
    expect(table.freeBytes).toBe(before);
    expect(() => store.get('key1')).toThrow(noMap);
    table.open('other', roomy);
    table.open('dropped', roomy);
    expect(store.get('key1')).toBeUndefined();
    expect([...(table.map('kept').get('key') ?? [])]).toEqual([1]);
  });

  it('drops a map with work that grows as its entries do, and no faster', () => {
    const readsToDrop = (keys: number): number => {
      const table = create(32 * MiB);
      table.open('dropped', roomy);
      const store = table.map('dropped');
      for (let index = 0; index < keys; index++) store.set(`key${index}`, Uint8Array.of(1));
      const { memory } = Reflect.get(table, 'parts') as TableParts;
      const word = memory.word.bind(memory);
      let reads = 0;
      memory.word = (at) => {
        reads += 1;
        return word(at);
      };
      table.retainOnly(new Set());
      return reads;
    };
    expect(readsToDrop(30_000)).toBeLessThan(20 * readsToDrop(3_000)); // ten times the entries
  });

  it('takes over other limits at once and keeps what is there', () => {
    const table = create(MiB);
    table.open('a', { ...roomy, maxBytes: 100 });
    const store = table.map('a');
    store.set('k', new Uint8Array(80));
    table.open('a', { ...roomy, maxBytes: 50 });
    expect(store.set('n', new Uint8Array(1))).toBe('over_limit');
    expect(store.set('k', new Uint8Array(70))).toBeUndefined();
    table.open('a', { ...roomy, maxBytes: 200 });
    expect(store.set('n', new Uint8Array(100))).toBeUndefined();
  });

  it('bounds one user of a map more tightly than the others', () => {
    const table = create(MiB);
    table.open('a', roomy);
    const tight = table.map('a', { maxKeys: 2, maxBytes: 10 });
    expect(tight.set('a', new Uint8Array(5))).toBeUndefined();
    expect(tight.set('b', new Uint8Array(5))).toBe('over_limit');
    expect(table.map('a').set('b', new Uint8Array(5))).toBeUndefined();
    expect(tight.set('c', new Uint8Array(0))).toBe('over_limit');
  });

  it('refuses what does not fit into the table, harms nothing, and has all of it again afterwards', () => {
    const table = create(2 * MiB);
    table.open('a', roomy);
    const store = table.map('a');
    store.set('first', Uint8Array.of(1));
    const before = table.freeBytes;
    let stored = 0;
    while (store.set(`key${stored}`, new Uint8Array(stored % 2 === 0 ? 3_000 : 70_000)) === undefined) stored += 1;
    expect(stored).toBeGreaterThan(20);
    expect(store.set('large', new Uint8Array(MiB))).toBe('over_limit');
    expect(store.incrementBy('first', 1n)).toBe('not_a_number');
    for (let index = 0; index < stored; index++) expect(store.del([`key${index}`])).toBe(1);
    expect([...(store.get('first') ?? [])]).toEqual([1]);
    expect(table.freeBytes).toBe(before);
    expect(store.set('large', new Uint8Array(MiB))).toBeUndefined();
  });

  it('says which setting to raise when there is no memory for another map', () => {
    const table = create(256 * 1024);
    expect(() => {
      for (let index = 0; index < 10_000; index++) table.open(`map${index}`, roomy);
    }).toThrow('TORII_MAPS_BYTES');
  });

  it('keeps values of 16 MiB, and refuses larger ones', () => {
    const table = create(64 * MiB);
    table.open('a', roomy);
    const store = table.map('a');
    const largest = new Uint8Array(16 * MiB).fill(7);
    expect(store.set('key', largest)).toBeUndefined();
    expect(store.set('key', largest)).toBeUndefined(); // the new one beside the old one
    expect(Buffer.compare(store.get('key') ?? new Uint8Array(0), largest)).toBe(0);
    expect(store.set('key', new Uint8Array(16 * MiB + 1))).toBe('over_limit');
  });

  it('uses at least four fifths of its memory, whatever sizes come and go', () => {
    const table = create(8 * MiB);
    table.open('a', roomy);
    const store = table.map('a');
    let seed = 12_345;
    const random = (): number => {
      seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff;
      return seed / 0x7fffffff;
    };
    const sizeOf = (): number => Math.floor(16 * 2 ** (random() * 11)); // 16 bytes to 32 KiB, as many of each magnitude
    let refused = 0;
    for (let round = 0; round < 30_000 && refused < 300; round++) {
      const key = `key${Math.floor(random() * 4_000)}`;
      if (store.set(key, new Uint8Array(sizeOf())) !== undefined) {
        refused += 1;
        store.del([`key${Math.floor(random() * 4_000)}`]);
      }
    }
    expect(refused).toBeGreaterThanOrEqual(300);
    expect(table.freeBytes).toBeLessThan((8 * MiB) / 5);
  });
});

describe('a map that makes room', () => {
  const lru: MapLimits = { maxBytes: 1_000_000, maxKeys: 200, policy: 'lru' };
  const tick = (): void => {
    nowMs += 150;
  };

  it('never refuses what fits, and stays within its limits', () => {
    const table = create(4 * MiB);
    table.open('a', { ...lru, maxBytes: 5_000 });
    const store = table.map('a');
    for (let index = 0; index < 2_000; index++) expect(store.set(`key${index}`, new Uint8Array(index % 300))).toBeUndefined();
    const { entries } = store.list({ limit: 1_000, maxBytes: MiB, withValues: true });
    expect(entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0)).toBeLessThanOrEqual(5_000);
    expect(store.exists('key1999')).toBe(true);
    expect(store.set('huge', new Uint8Array(5_001))).toBe('over_limit');
    expect(store.exists('key1999')).toBe(true); // nothing was pushed out for what could never fit
  });

  it('keeps what is used, by reading or by writing, longer than what is not', () => {
    const table = create(4 * MiB);
    table.open('a', { ...lru, maxKeys: 2_000 });
    const store = table.map('a');
    for (let index = 0; index < 2_000; index++) store.set(`key${index}`, new Uint8Array(10));
    tick();
    for (let index = 0; index < 500; index++) store.get(`key${index}`);
    for (let index = 500; index < 1_000; index++) store.set(`key${index}`, new Uint8Array(11));
    tick();
    for (let index = 0; index < 300; index++) store.set(`new${index}`, new Uint8Array(10));
    const kept = (from: number, to: number): number =>
      Array.from({ length: to - from }, (_, at) => at + from).filter((at) => store.exists(`key${at}`)).length;
    // Eight are compared at a time: one that was used goes when all eight were, which is rare while so many were not. Of
    // 300 that go by chance alone, 150 would be such; these are some ten, and 50 are more than ten standard deviations away.
    expect(kept(0, 1_000)).toBeGreaterThanOrEqual(950);
    expect(kept(1_000, 2_000)).toBeLessThanOrEqual(750);
  });

  it('makes room in the table too, at its own cost', () => {
    const table = create(MiB);
    table.open('a', { ...lru, maxBytes: 64 * MiB, maxKeys: 1_000_000 });
    table.open('b', roomy);
    const other = table.map('b');
    other.set('key', Uint8Array.of(1));
    const store = table.map('a');
    for (let index = 0; index < 3_000; index++) expect(store.set(`key${index}`, new Uint8Array(index % 2 === 0 ? 1_000 : 66_000))).toBeUndefined();
    expect([...(other.get('key') ?? [])]).toEqual([1]);
  });

  it('lets what has expired go first', () => {
    const table = create(MiB);
    table.open('a', { ...lru, maxKeys: 20 });
    const store = table.map('a');
    for (let index = 0; index < 10; index++) store.set(`stays${index}`, new Uint8Array(1));
    for (let index = 0; index < 10; index++) store.set(`goes${index}`, new Uint8Array(1), { ttlMs: 100 });
    tick();
    for (let index = 0; index < 10; index++) store.set(`new${index}`, new Uint8Array(1));
    for (let index = 0; index < 10; index++) expect(store.exists(`stays${index}`)).toBe(true);
  });
});
