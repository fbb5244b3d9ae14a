import { AppError } from '@torii/contracts';
import type { Redis } from 'ioredis';
import { type KvRefusal, type KvStore, kvMaxKeys } from './kv-store.js';
import { RedisScript } from './redis-script.js';

export interface RedisKvStoreOptions {
  /** Bounds each command in time (`connectRedis` does); closed by whoever opened it. */
  readonly redis: Redis;
  readonly prefix: string;
  readonly workspace: string;
  readonly pluginId: string;
  readonly maxBytes: number;
  readonly maxKeys?: number;
}

// KEYS: the map, its byte counter. The counter is only as good as the map beside it: a lost map starts from nought.
// Written by %.0f: %d holds 31 bits only in a Valkey built for 32-bit machines, as the embedded one is.
const setScript = new RedisScript(`
local used = redis.call('EXISTS', KEYS[1]) == 1 and tonumber(redis.call('GET', KEYS[2]) or 0) or 0
local added = #ARGV[2]
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1 then
  added = added - redis.call('HSTRLEN', KEYS[1], ARGV[1])
else
  added = added + #ARGV[1]
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return 'over_limit' end
end
if added > 0 and used + added > tonumber(ARGV[3]) then return 'over_limit' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('SET', KEYS[2], string.format('%.0f', used + added))
return 'set'
`);

const deleteScript = new RedisScript(`
local size = redis.call('HSTRLEN', KEYS[1], ARGV[1])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
if redis.call('EXISTS', KEYS[1]) == 1 then
  redis.call('DECRBY', KEYS[2], size + #ARGV[1])
else
  redis.call('DEL', KEYS[2])
end
return 1
`);

/**
 * A map in Redis, one hash, the same for every node and kept over restarts.
 *
 * Every operation is one command and rejects with `platform.redis` when it cannot be carried out; after that a write
 * may or may not have happened. Both keys share a hash tag, so that they live on one node of a cluster.
 */
export class RedisKvStore implements KvStore {
  private readonly redis: Redis;
  private readonly mapKey: string;
  private readonly bytesKey: string;
  private readonly maxBytes: number;
  private readonly maxKeys: number;

  constructor(options: RedisKvStoreOptions) {
    this.redis = options.redis;
    this.mapKey = `${options.prefix}:{kv:${options.pluginId}}:${options.workspace}:map`;
    this.bytesKey = `${this.mapKey}:bytes`;
    this.maxBytes = options.maxBytes;
    this.maxKeys = options.maxKeys ?? kvMaxKeys;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const value = await reach(() => this.redis.hgetBuffer(this.mapKey, key));
    return value === null ? undefined : new Uint8Array(value); // a copy: the driver's may lie inside a larger buffer
  }

  async set(key: string, value: Uint8Array): Promise<KvRefusal | undefined> {
    const bytes = Buffer.from(value); // a copy: the driver may still hold it when the guest's memory has changed
    const outcome = await reach(() => setScript.run(this.redis, [this.mapKey, this.bytesKey], [key, bytes, this.maxBytes, this.maxKeys]));
    return outcome === 'over_limit' ? 'over_limit' : undefined;
  }

  async del(key: string): Promise<boolean> {
    return (await reach(() => deleteScript.run(this.redis, [this.mapKey, this.bytesKey], [key]))) === 1;
  }
}

async function reach<T>(command: () => Promise<T>): Promise<T> {
  try {
    return await command();
  } catch (error) {
    throw new AppError('platform.redis', { cause: error });
  }
}
