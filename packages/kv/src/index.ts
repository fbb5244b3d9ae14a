export { type KvNamespace, kvNamespaces, mapIdOf } from './kv-namespace.js';
export {
  type KvEntry,
  type KvPage,
  type KvQuery,
  type KvRefusal,
  type KvStore,
  type KvWrite,
  kvKeyMaxBytes,
  kvListMaxVisited,
  kvMaxKeys,
  kvPatternMaxLength,
  kvValueMaxBytes,
  type MaybePromise,
} from './kv-store.js';
export { KvConnection, type KvConnectionOptions } from './redis/kv-connection.js';
export { RedisKvStore, type RedisKvStoreOptions } from './redis/redis-kv-store.js';
export type { MapLimits } from './shared-map/map-headers.js';
export type { MapBounds, SharedMapStore } from './shared-map/shared-map-store.js';
export { SharedMapTable, type SharedMapTableOptions } from './shared-map/shared-map-table.js';
