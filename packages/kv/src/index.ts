export { KvPort, type KvPortOptions } from './kv-port.js';
export { type KvRefusal, type KvStore, kvMaxKeys } from './kv-store.js';
export { MemoryKvStore } from './memory-kv-store.js';
export { RedisKvStore, type RedisKvStoreOptions } from './redis-kv-store.js';
export { RemoteKvStore } from './remote-kv-store.js';
export { serveKv } from './serve-kv.js';
