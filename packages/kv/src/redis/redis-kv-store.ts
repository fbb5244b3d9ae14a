import { wholeTtlMs } from '../expiry.js';
import { isInt64 } from '../integer-text.js';
import type { KvNamespace } from '../kv-namespace.js';
import { type KvPage, type KvQuery, type KvRefusal, type KvStore, type KvWrite, kvKeyMaxBytes, kvMaxKeys, kvValueMaxBytes } from '../kv-store.js';
import type { KvConnection } from './kv-connection.js';
import { listRedis } from './list-redis.js';
import type { RedisCommand } from './redis-command.js';
import { deleteScript, expireScript, incrementScript, setScript } from './store-scripts.js';

export interface RedisKvStoreOptions {
  /** Closed by whoever opened it. */
  readonly connection: KvConnection;
  readonly prefix: string;
  readonly workspace: string;
  readonly namespace: KvNamespace;
  readonly maxBytes: number;
  readonly maxKeys?: number;
}

const deleteMaxKeys = 500;

/**
 * Keys and values in Redis, the same for every node and kept over restarts.
 *
 * Every operation but `list` and a long `del` is one command, and rejects with `platform.redis` when it cannot be carried
 * out; after that a write may or may not have happened. All keys share a hash tag, so that they live on one node of a
 * cluster. Limits hold as long as Redis removes no keys on its own: `maxmemory-policy` must be `noeviction`.
 */
export class RedisKvStore implements KvStore {
  readonly isSynchronous = false;
  private readonly connection: KvConnection;
  private readonly base: string;
  private readonly limits: readonly [maxBytes: number, maxKeys: number];

  constructor(options: RedisKvStoreOptions) {
    this.connection = options.connection;
    this.base = `${options.prefix}:{kv:${options.workspace}:${options.namespace}}`;
    this.limits = [options.maxBytes, options.maxKeys ?? kvMaxKeys];
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (isTooLong(key)) return undefined;
    const value = await this.connection.run((redis) => redis.getBuffer(this.at(key)));
    return value === null ? undefined : new Uint8Array(value); // a copy: the driver's may lie inside a larger buffer
  }

  async exists(key: string): Promise<boolean> {
    return !isTooLong(key) && (await this.connection.run((redis) => redis.exists(this.at(key)))) === 1;
  }

  async set(key: string, value: Uint8Array, write: KvWrite = {}): Promise<KvRefusal | undefined> {
    const outcome = await this.write(key, value, write, ['always']);
    return typeof outcome === 'string' ? outcome : undefined;
  }

  setIfAbsent(key: string, value: Uint8Array, write: KvWrite = {}): Promise<boolean | KvRefusal> {
    return this.write(key, value, write, ['absent']);
  }

  compareAndSet(key: string, expected: Uint8Array | undefined, value: Uint8Array, write: KvWrite = {}): Promise<boolean | KvRefusal> {
    return this.write(key, value, write, expected === undefined ? ['absent'] : ['equal', Buffer.from(expected)]);
  }

  async incrementBy(key: string, by: bigint): Promise<bigint | KvRefusal> {
    if (isTooLong(key)) return 'over_limit';
    if (!isInt64(by)) return 'not_a_number';
    const outcome = String(await this.connection.run((redis) => incrementScript.run(redis, this.keys([key]), [key, String(by), ...this.limits])));
    return outcome === 'over_limit' || outcome === 'not_a_number' ? outcome : BigInt(outcome);
  }

  async del(keys: readonly string[]): Promise<number> {
    const possible = keys.filter((key) => !isTooLong(key));
    let deleted = 0;
    for (let from = 0; from < possible.length; from += deleteMaxKeys) {
      const some = possible.slice(from, from + deleteMaxKeys);
      deleted += Number(await this.connection.run((redis) => deleteScript.run(redis, this.keys(some), some)));
    }
    return deleted;
  }

  async ttlMs(key: string): Promise<number> {
    if (isTooLong(key)) return -2;
    const leftMs = await this.connection.run((redis) => redis.pttl(this.at(key)));
    return leftMs === 0 ? 1 : leftMs;
  }

  async expire(key: string, ttlMs: number): Promise<boolean> {
    if (ttlMs < 1) return (await this.del([key])) === 1;
    if (isTooLong(key)) return false;
    return (await this.connection.run((redis) => expireScript.run(redis, this.keys([key]), [key, wholeTtlMs(ttlMs)]))) === 1;
  }

  /** Looks at the store page by page: may take four times the time of one operation, and is then cut short. */
  list(query: KvQuery): Promise<KvPage> {
    return listRedis(this.connection, { sizes: `${this.base}:sizes`, at: (key) => this.at(key) }, query);
  }

  private async write(key: string, value: Uint8Array, write: KvWrite, condition: readonly (string | Buffer)[]): Promise<boolean | KvRefusal> {
    if (isTooLong(key) || value.length > kvValueMaxBytes) return 'over_limit';
    const bytes = Buffer.from(value); // a copy: the driver may still hold it when the guest's memory has changed
    const ttlMs = write.ttlMs === undefined ? '' : wholeTtlMs(write.ttlMs);
    const command: RedisCommand<unknown> = (redis) => setScript.run(redis, this.keys([key]), [key, bytes, ...this.limits, ttlMs, ...condition]);
    if (write.durable !== true) return outcomeOf(await this.connection.run(command));
    const { answer, isDurable } = await this.connection.runDurably(command);
    const outcome = outcomeOf(answer);
    return outcome === true && !isDurable ? 'not_durable' : outcome;
  }

  private at(key: string): string {
    return `${this.base}:v:${key}`;
  }

  private keys(keys: readonly string[]): string[] {
    return [`${this.base}:sizes`, `${this.base}:expiries`, `${this.base}:bytes`, ...keys.map((key) => this.at(key))];
  }
}

function outcomeOf(answer: unknown): boolean | 'over_limit' {
  return answer === 'over_limit' ? 'over_limit' : answer === 1;
}

function isTooLong(key: string): boolean {
  return key.length > kvKeyMaxBytes / 3 && Buffer.byteLength(key) > kvKeyMaxBytes;
}
