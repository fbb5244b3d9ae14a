import { describe, expect, it } from '@jest/globals';
import { describeKvStore } from '@torii/test-kit';
import type { MapLimits } from './map-headers.js';
import type { SharedMapStore } from './shared-map-store.js';
import { SharedMapTable } from './shared-map-table.js';

const MiB = 1024 * 1024;

function open(limits: Partial<MapLimits> = {}, tableBytes = 16 * MiB): SharedMapStore {
  const table = SharedMapTable.create(tableBytes);
  table.open('map', { maxBytes: 8 * MiB, maxKeys: 100_000, policy: 'refuse', ...limits });
  return table.map('map');
}

describeKvStore('SharedMapStore', (limits) => open(limits));

describe('SharedMapStore', () => {
  it('answers without a promise, so that a guest need not be suspended', () => {
    const store = open();
    expect(store.isSynchronous).toBe(true);
    expect(store.set('key', Uint8Array.of(1))).toBeUndefined();
    expect([...(store.get('key') ?? [])]).toEqual([1]);
    expect(store.incrementBy('n', 2n)).toBe(2n);
  });
});
