export type { KvRefusal, KvStore } from './kv-store.js';
