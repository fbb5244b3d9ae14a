import type { SnapshotPlugin, StoreName } from '@torii/contracts';
import { type KvConnection, type KvNamespace, type KvStore, kvNamespaces, mapIdOf, RedisKvStore, type SharedMapTable } from '@torii/kv';
import type { Stores } from '@torii/wasm-runtime';
import { scratchMapOf } from '../config/scratch-maps.js';

export interface PluginStoresDeps {
  /** The maps in memory. */
  readonly maps: SharedMapTable;
  readonly connection: KvConnection;
  readonly redisPrefix: string;
  /** What the global map and the global datastore may hold, each (bytes). */
  readonly globalMaxBytes: number;
}

interface StoreLimits {
  readonly maxBytes: number;
  readonly maxKeys?: number;
}

/** The stores of a plugin version on this thread, each made when it is first asked for and then the same for all instances. */
export function pluginStores(plugin: SnapshotPlugin, deps: PluginStoresDeps): Stores {
  const { workspace, id, mapStore, storeLimits } = plugin;
  const inRedis = (namespace: KvNamespace, limits: StoreLimits): KvStore =>
    new RedisKvStore({ connection: deps.connection, prefix: deps.redisPrefix, workspace, namespace, ...limits });
  const map = (namespace: KvNamespace, limits: StoreLimits): KvStore =>
    mapStore === 'memory' ? deps.maps.map(mapIdOf(workspace, namespace), limits) : inRedis(namespace, limits);
  const own = (maxKeys: number | undefined): StoreLimits => limitsOf(plugin.limits.kvMaxBytes, maxKeys);
  const global = (maxKeys: number | undefined): StoreLimits => limitsOf(deps.globalMaxBytes, maxKeys);
  return {
    pluginMap: once(() => map(kvNamespaces.pluginMap(id), own(storeLimits?.plugin_map?.maxKeys))),
    globalMap: once(() => map(kvNamespaces.globalMap, global(storeLimits?.global_map?.maxKeys))),
    pluginDatastore: once(() => inRedis(kvNamespaces.pluginDatastore(id), own(storeLimits?.plugin_datastore?.maxKeys))),
    globalDatastore: once(() => inRedis(kvNamespaces.globalDatastore, global(storeLimits?.global_datastore?.maxKeys))),
  };
}

/** Those of a plugin of a draft: all four in maps of the trial, which go with it. */
export function scratchStores(plugin: SnapshotPlugin, trialId: string, maps: SharedMapTable): Stores {
  const map = (store: StoreName): (() => KvStore) => once(() => maps.map(scratchMapOf(trialId, plugin, store)));
  return {
    pluginMap: map('plugin_map'),
    globalMap: map('global_map'),
    pluginDatastore: map('plugin_datastore'),
    globalDatastore: map('global_datastore'),
  };
}

function limitsOf(maxBytes: number, maxKeys: number | undefined): StoreLimits {
  return maxKeys === undefined ? { maxBytes } : { maxBytes, maxKeys };
}

function once(make: () => KvStore): () => KvStore {
  let made: KvStore | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
