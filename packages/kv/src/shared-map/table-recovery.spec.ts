import { describe, expect, it } from '@jest/globals';
import { auditTable } from '../../test/table-audit.js';
import { tableAt } from './layout.js';
import { SharedMapStore } from './shared-map-store.js';
import { SharedMapTable } from './shared-map-table.js';
import { partsOf, type TableParts } from './table-parts.js';

const clock = { nowMs: () => 1_000 };

interface Scene {
  readonly table: SharedMapTable;
  /** The thread that will die. */
  readonly parts: TableParts;
  readonly dying: SharedMapStore;
  /** Another one, that goes on. */
  readonly other: SharedMapStore;
}

function scene(policy: 'refuse' | 'lru' = 'refuse'): Scene {
  const table = SharedMapTable.create(2 * 1024 * 1024, { clock });
  table.open('map', { maxBytes: 800_000, maxKeys: 100, policy });
  const other = SharedMapTable.attach(table.buffer, 1, { clock }).map('map');
  for (let index = 0; index < 70; index++) other.set(`key${index}`, new Uint8Array(index % 7).fill(index), index % 3 === 0 ? { ttlMs: 5_000 } : {});
  const parts = partsOf(table.buffer, 0, clock);
  const directory = SharedMapTable.attach(table.buffer, 0, { clock });
  const placeOf = Reflect.get(directory, 'placeOf') as (mapId: string) => { map: number; uid: number };
  return { table, parts, dying: new SharedMapStore(parts, () => placeOf.call(directory, 'map')), other };
}

class Death extends Error {}

/** From the `after`th change on, the thread does nothing more: it neither writes nor gives the lock back. */
function dieAfter(after: number, { journal, lock }: TableParts): void {
  let left = after;
  const note = journal.note.bind(journal);
  journal.note = (at) => {
    if (--left < 0) throw new Death();
    note(at);
  };
  const leave = lock.leave.bind(lock);
  lock.leave = () => {
    if (left >= 0) leave();
  };
}

const large = new Uint8Array(100_000).fill(9);
const deaths: [what: string, write: (store: SharedMapStore) => unknown][] = [
  ['a new key', (store) => store.set('new', Uint8Array.of(1, 2, 3), { ttlMs: 10 })],
  ['another value', (store) => store.set('key5', new Uint8Array(50))],
  ['a large value', (store) => store.set('key6', large)],
  ['a sum', (store) => store.incrementBy('sum', 7n)],
  ['a time to live', (store) => store.expire('key1', 99)],
  ['a delete', (store) => store.del(['key3'])],
  ['a write that makes a bucket', (store) => ['x1', 'x2', 'x3'].map((key) => store.set(key, Uint8Array.of(1)))],
];

describe('a table whose thread dies in the middle', () => {
  it.each(deaths)('of %s is as it was before or as it would be after, whatever the moment', (_, write) => {
    const snapshot = (store: SharedMapStore): string =>
      JSON.stringify(
        store
          .list({ limit: 1_000, maxBytes: 10_000_000, withValues: true })
          .entries.map(({ key, value }) => [key, Buffer.from(value).toString('base64').slice(0, 40), value.length, store.ttlMs(key)])
          .sort(),
      );
    const possible = new Set<string>();
    const untouched = scene();
    possible.add(snapshot(untouched.other));
    // Each store operation is all or nothing; of several, the first ones may have happened.
    const recording = new Proxy(untouched.dying, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) => {
          const answer: unknown = Reflect.apply(member, target, args);
          possible.add(snapshot(untouched.other));
          return answer;
        };
      },
    });
    write(recording);

    let moments = 0;
    for (let after = 0; ; after++) {
      const { table, parts, dying, other } = scene();
      dieAfter(after, parts);
      let isDead = false;
      try {
        write(dying);
      } catch (error) {
        if (!(error instanceof Death)) throw error;
        isDead = true;
      }
      table.recover(0);
      auditTable(partsOf(table.buffer, 2, clock));
      expect(possible).toContain(snapshot(other));
      expect(other.set('after', Uint8Array.of(1))).toBeUndefined();
      if (!isDead) break;
      moments += 1;
    }
    expect(moments).toBeGreaterThanOrEqual(3);
  });

  it('is put right by the next writer when the thread lives on: an exception costs nobody the lock', () => {
    const { parts, dying, other } = scene();
    const note = parts.journal.note.bind(parts.journal);
    let left = 4;
    parts.journal.note = (at) => {
      if (--left < 0) throw new RangeError('Maximum call stack size exceeded');
      note(at);
    };
    expect(() => dying.set('key5', new Uint8Array(50))).toThrow(RangeError);
    parts.journal.note = note;
    expect([...(other.get('key5') ?? [])]).toEqual([5, 5, 5, 5, 5]);
    expect(other.set('key5', Uint8Array.of(1))).toBeUndefined();
    expect(dying.set('key5', Uint8Array.of(2))).toBeUndefined();
    auditTable(partsOf(parts.memory.buffer, 2, clock));
  });

  it('frees what the thread was filling or copying outside the lock', () => {
    const { table, parts, other } = scene();
    other.set('big', large);
    const before = table.freeBytes;
    parts.lock.enter();
    parts.holdings.reserve(20_000);
    parts.lock.leave();
    expect(table.freeBytes).toBeLessThan(before);
    table.recover(0);
    expect(table.freeBytes).toBe(before);
  });

  it('lets others wait for the lock, and fail in time when nobody recovers it', () => {
    const { table, parts, other } = scene();
    parts.lock.enter();
    expect(() => other.set('key', new Uint8Array(1))).toThrow('the maps in memory are busy');
    expect(other.get('key1')).toHaveLength(1); // readers do not need it
    table.recover(0);
    expect(other.set('key', new Uint8Array(1))).toBeUndefined();
  });
});

describe('a table that loses two threads at once', () => {
  it('recovers them in any order: one that held the lock is no error of the other', () => {
    const { table, parts, other } = scene();
    const second = partsOf(table.buffer, 2, clock);
    const before = table.freeBytes;
    second.lock.enter();
    second.holdings.reserve(20_000);
    second.lock.leave();
    parts.lock.enter();
    expect(() => table.recover(2)).not.toThrow();
    table.recover(0);
    expect(other.set('key', new Uint8Array(1))).toBeUndefined();
    other.del(['key']);
    // What the second one held is free once another thread in its place works with large values.
    const next = SharedMapTable.attach(table.buffer, 2, { clock }).map('map');
    next.set('large', large);
    next.del(['large']);
    expect(table.freeBytes).toBe(before);
  });
});

describe('a guest that has recursed until hardly any stack is left', () => {
  it('keeps neither the lock nor half a write', () => {
    const { table, parts, dying, other } = scene();
    let failures = 0;
    let heldLocks = 0;
    const recurse = (depth: number): void => {
      try {
        dying.set(`deep${depth % 20}`, new Uint8Array(depth % 50));
      } catch {
        failures += 1;
        if (Atomics.load(parts.memory.words, tableAt.lockOwner) !== 0) heldLocks += 1;
      }
      recurse(depth + 1);
    };
    for (let round = 0; round < 3; round++) expect(() => recurse(round)).toThrow(RangeError);
    expect(failures).toBeGreaterThanOrEqual(3);
    expect(heldLocks).toBe(0);
    expect(other.set('key', new Uint8Array(1))).toBeUndefined();
    auditTable(partsOf(table.buffer, 2, clock));
  });
});
