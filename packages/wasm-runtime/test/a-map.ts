import { type KvStore, type MapLimits, type SharedMapStore, SharedMapTable } from '@torii/kv';
import type { Stores } from '../src/index.js';

const tableBytes = 4 * 1024 * 1024;

/** A map in memory, alone in its table. */
export function aMap(limits: Partial<MapLimits> = {}): SharedMapStore {
  const table = SharedMapTable.create(tableBytes);
  table.open('a map', { maxBytes: tableBytes, maxKeys: 100_000, policy: 'refuse', ...limits });
  return table.map('a map');
}

/** All four stores, in memory and empty. */
export function memoryStores(maxBytes?: number): Stores {
  const newMap = (): SharedMapStore => aMap(maxBytes === undefined ? {} : { maxBytes });
  const [pluginMap, globalMap, pluginDatastore, globalDatastore] = [newMap(), newMap(), newMap(), newMap()];
  return { pluginMap: () => pluginMap, globalMap: () => globalMap, pluginDatastore: () => pluginDatastore, globalDatastore: () => globalDatastore };
}

/** A store of which every operation does this: rejects, throws, or never answers. */
export function storeThat(does: () => Promise<never>, isSynchronous = false): KvStore {
  return {
    isSynchronous,
    get: does,
    exists: does,
    set: does,
    setIfAbsent: does,
    compareAndSet: does,
    incrementBy: does,
    del: does,
    ttlMs: does,
    expire: does,
    list: does,
  };
}
