import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { auditTable } from '../../test/table-audit.js';
import { SharedMapTable } from './shared-map-table.js';
import { partsOf } from './table-parts.js';

const keys = fc.constantFrom('', 'a', 'b', 'c', 'd', 'e', 'f', 'key of some length', '雪', '7', '8', '9');
const ttl = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined });
const length = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 60 }) }, { weight: 1, arbitrary: fc.constantFrom(3_000, 70_000) });
const operation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ op: fc.constant('set' as const), key: keys, length, ttlMs: ttl }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('setIfAbsent' as const), key: keys, length, ttlMs: ttl }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('swap' as const), key: keys, length, isRight: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('add' as const), key: keys, by: fc.bigInt({ min: -10n, max: 10n ** 18n }) }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('del' as const), key: keys }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('expire' as const), key: keys, ttlMs: fc.integer({ min: 0, max: 50 }) }) },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('limit' as const),
      maxBytes: fc.constantFrom(0, 100, 500, 200_000),
      maxKeys: fc.integer({ min: 0, max: 12 }),
    }),
  },
);
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

/** What a map is meant to be: the same, without any of the machinery. */
class Model {
  readonly entries = new Map<string, { value: Uint8Array; expiresAtMs: number }>();
  maxBytes = 500;
  maxKeys = 8;
  nowMs = 1_000;

  live(key: string): { value: Uint8Array; expiresAtMs: number } | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined && entry.expiresAtMs <= this.nowMs) this.entries.delete(key);
    return this.entries.get(key);
  }

  write(key: string, value: Uint8Array, ttlMs: number | undefined): boolean {
    for (const name of [...this.entries.keys()]) this.live(name);
    const bytes = (name: string, entry: { value: Uint8Array }): number => Buffer.byteLength(name) + entry.value.length;
    const before = this.entries.get(key);
    const used = [...this.entries].reduce((sum, [name, entry]) => sum + bytes(name, entry), 0);
    const added = bytes(key, { value }) - (before === undefined ? 0 : bytes(key, before));
    if (before === undefined && this.entries.size >= this.maxKeys) return false;
    if (added > 0 && used + added > this.maxBytes) return false;
    this.entries.set(key, { value, expiresAtMs: ttlMs === undefined ? Number.POSITIVE_INFINITY : this.nowMs + ttlMs });
    return true;
  }
}

function runBoth(steps: readonly Operation[]): void {
  const model = new Model();
  const clock = { nowMs: () => model.nowMs };
  const table = SharedMapTable.create(1024 * 1024, { clock });
  const limits = () => ({ maxBytes: model.maxBytes, maxKeys: model.maxKeys, policy: 'refuse' as const });
  table.open('map', limits());
  const store = SharedMapTable.attach(table.buffer, 0, { clock }).map('map');
  let fill = 0;
  const newValue = (size: number): Uint8Array => new Uint8Array(size).fill(++fill);
  for (const step of steps) {
    switch (step.op) {
      case 'set': {
        const value = newValue(step.length);
        const write = step.ttlMs === undefined ? {} : { ttlMs: step.ttlMs };
        expect(store.set(step.key, value, write)).toBe(model.write(step.key, value, step.ttlMs) ? undefined : 'over_limit');
        break;
      }
      case 'setIfAbsent': {
        const value = newValue(step.length);
        const write = step.ttlMs === undefined ? {} : { ttlMs: step.ttlMs };
        const expected = model.live(step.key) !== undefined ? false : model.write(step.key, value, step.ttlMs) || 'over_limit';
        expect(store.setIfAbsent(step.key, value, write)).toBe(expected);
        break;
      }
      case 'swap': {
        const value = newValue(step.length);
        const held = model.live(step.key)?.value;
        const expected = step.isRight ? held : new Uint8Array(61);
        expect(store.compareAndSet(step.key, expected, value)).toBe(step.isRight ? model.write(step.key, value, undefined) || 'over_limit' : false);
        break;
      }
      case 'add': {
        const held = model.live(step.key);
        const text = held === undefined ? '0' : Buffer.from(held.value).toString('latin1');
        const isNumber = /^(0|-?[1-9]\d{0,18})$/.test(text);
        const sum = isNumber ? BigInt(text) + step.by : 0n;
        if (!isNumber || BigInt.asIntN(64, sum) !== sum) {
          expect(store.incrementBy(step.key, step.by)).toBe('not_a_number');
        } else {
          const ttlMs = held === undefined || held.expiresAtMs === Number.POSITIVE_INFINITY ? undefined : held.expiresAtMs - model.nowMs;
          expect(store.incrementBy(step.key, step.by)).toBe(model.write(step.key, Buffer.from(String(sum)), ttlMs) ? sum : 'over_limit');
        }
        break;
      }
      case 'del': {
        const expected = model.live(step.key) === undefined ? 0 : 1;
        model.entries.delete(step.key);
        expect(store.del([step.key])).toBe(expected);
        break;
      }
      case 'expire': {
        const held = model.live(step.key);
        if (held !== undefined) held.expiresAtMs = model.nowMs + step.ttlMs;
        expect(store.expire(step.key, step.ttlMs)).toBe(held !== undefined);
        break;
      }
      case 'wait':
        model.nowMs += step.ms;
        break;
      case 'limit':
        Object.assign(model, { maxBytes: step.maxBytes, maxKeys: step.maxKeys });
        table.open('map', limits());
        break;
    }
    for (const key of ['a', 'b', '雪']) {
      expect(Buffer.from(store.get(key) ?? 'absent').toString('hex')).toBe(Buffer.from(model.live(key)?.value ?? 'absent').toString('hex'));
    }
  }
  for (const key of [...model.entries.keys()]) model.live(key);
  const page = store.list({ limit: 100, maxBytes: 10_000_000, withValues: true });
  expect(page.entries.map(({ key }) => key).sort()).toEqual([...model.entries.keys()].sort());
  auditTable(partsOf(table.buffer, 1, clock));
}

describe('SharedMapStore', () => {
  it('does what a plain map with a clock and limits would, whatever is asked of it in whatever order', () => {
    fc.assert(fc.property(fc.array(operation, { minLength: 1, maxLength: 80 }), runBoth), { numRuns: 150 });
  });
});
