import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@torii/service-kit';
import { describeKvStore, eventually, testRedis } from '@torii/test-kit';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { KvConnection } from '../src/redis/kv-connection.js';
import { RedisKvStore, type RedisKvStoreOptions } from '../src/redis/redis-kv-store.js';

const log = createLogger({ level: 'silent', app: 'test' });
const { url, keyPrefix } = testRedis();
const timeoutMs = 20_000;
let connection: KvConnection;
let redis: Redis;
let stores = 0;

beforeAll(async () => {
  connection = new KvConnection({ url, log, timeoutMs });
  redis = new Redis(url);
  await eventually(() => connection.run((driver) => driver.ping()));
});
afterAll(() => {
  connection.close();
  redis.disconnect();
});

function open(name: string, options: Partial<RedisKvStoreOptions> = {}): RedisKvStore {
  return new RedisKvStore({ connection, prefix: keyPrefix, workspace: 'default', namespace: `map:${name}`, maxBytes: 1_000, ...options });
}

/** What Redis counts for a store: bytes, keys. */
async function counted(name: string): Promise<[bytes: number, keys: number]> {
  const base = `${keyPrefix}:{kv:default:map:${name}}`;
  return [Number((await redis.get(`${base}:bytes`)) ?? 0), await redis.hlen(`${base}:sizes`)];
}

describeKvStore('RedisKvStore', (limits) => open(`conforming${stores++}`, limits));

describe('RedisKvStore', () => {
  it('gives two nodes the same map, and two plugins, workspaces and kinds of store different ones', async () => {
    await open('same').set('key', Uint8Array.of(1));
    expect([...((await open('same').get('key')) ?? [])]).toEqual([1]);
    expect(await open('other').get('key')).toBeUndefined();
    expect(await open('same', { workspace: 'elsewhere' }).get('key')).toBeUndefined();
    expect(await open('same', { namespace: 'ds:same' }).get('key')).toBeUndefined();
  });

  it('stays within its bytes when many write at once', async () => {
    const both = [open('race', { maxBytes: 100 }), open('race', { maxBytes: 100 })];
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) => both[index % 2]?.set(`key${String(index).padStart(2, '0')}`, new Uint8Array(5))),
    );
    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(10);
    expect(await counted('race')).toEqual([100, 10]);
  });

  it('lets a map that is over a lowered limit shrink, but not grow', async () => {
    await open('lowered', { maxBytes: 100 }).set('key', new Uint8Array(90));
    const lowered = open('lowered', { maxBytes: 50 });
    expect(await lowered.set('key', new Uint8Array(91))).toBe('over_limit');
    expect(await lowered.set('key', new Uint8Array(60))).toBeUndefined();
    expect(await lowered.set('new', new Uint8Array(1))).toBe('over_limit');
  });

  it('counts right through every kind of write, and what has expired no longer once something else is written', async () => {
    const store = open('counted');
    for (const key of ['a', 'b']) await store.set(key, new Uint8Array(10), { ttlMs: 3_600_000 });
    await store.setIfAbsent('c', new Uint8Array(3));
    await store.incrementBy('n', 100n);
    await store.compareAndSet('c', new Uint8Array(3), new Uint8Array(4));
    expect(await counted('counted')).toEqual([11 + 11 + 5 + 4, 4]);
    for (const key of ['a', 'b']) await store.expire(key, 20);
    await eventually(async () => expect(await store.exists('b')).toBe(false));
    await eventually(async () => {
      await store.incrementBy('n', 0n);
      expect(await counted('counted')).toEqual([5 + 4, 2]);
    });
    await store.set('c', new Uint8Array(1), { ttlMs: 20 });
    await eventually(async () => expect(await store.exists('c')).toBe(false));
    expect(await store.set('c', new Uint8Array(2))).toBeUndefined();
    expect(await counted('counted')).toEqual([3 + 4, 2]);
  });

  it('starts anew when Redis has lost its counts, and leaves nothing behind when the last key goes', async () => {
    const store = open('lost', { maxBytes: 10 });
    await store.set('key', new Uint8Array(7));
    await redis.del(`${keyPrefix}:{kv:default:map:lost}:sizes`);
    expect(await store.set('key', new Uint8Array(7))).toBeUndefined();
    await store.expire('key', 60_000);
    await store.del(['key']);
    expect(await redis.keys(`${keyPrefix}:{kv:default:map:lost}:*`)).toEqual([]);
  });

  it('no longer counts what Redis has removed on its own', async () => {
    const store = open('evicted', { maxBytes: 10 });
    await store.set('key', new Uint8Array(7));
    await redis.del(`${keyPrefix}:{kv:default:map:evicted}:v:key`);
    expect(await store.setIfAbsent('key', new Uint8Array(5))).toBe(true);
    expect(await counted('evicted')).toEqual([8, 1]);
    expect(await store.list({ limit: 10, maxBytes: 100, withValues: false })).toMatchObject({ entries: [{ key: 'key' }] });
  });

  it('works on when Redis has forgotten its scripts', async () => {
    const store = open('scripts');
    await store.set('key', Uint8Array.of(1));
    await redis.script('FLUSH');
    expect(await store.set('key', Uint8Array.of(2))).toBeUndefined();
    expect(await store.incrementBy('n', 1n)).toBe(1n);
    expect(await store.del(['key'])).toBe(1);
  });

  it('keeps values of 16 MiB, and refuses larger ones', async () => {
    const store = open('large', { maxBytes: 64 * 1024 * 1024 });
    const largest = new Uint8Array(16 * 1024 * 1024).fill(7);
    expect(await store.set('key', largest)).toBeUndefined();
    expect(Buffer.compare((await store.get('key')) ?? new Uint8Array(0), largest)).toBe(0);
    expect(await store.set('key', new Uint8Array(largest.length + 1))).toBe('over_limit');
    await store.del(['key']);
  });

  it('says so when no replica has a durable write, which is there nevertheless', async () => {
    const hasty = new KvConnection({ url, log, timeoutMs: 2_000 });
    const store = open('durable', { connection: hasty, maxBytes: 10_000 });
    await eventually(async () => expect(await store.set('key', Uint8Array.of(1), { durable: true })).toBe('not_durable'));
    expect([...((await store.get('key')) ?? [])]).toEqual([1]);
    let tries = 0;
    const setMany = () => {
      tries += 1;
      return Promise.all(Array.from({ length: 50 }, (_, index) => store.setIfAbsent(`k${tries}-${index}`, Uint8Array.of(1), { durable: true })));
    };
    await eventually(async () => expect(new Set(await setMany())).toEqual(new Set(['not_durable'])));
    await eventually(async () => expect(await store.setIfAbsent('key', Uint8Array.of(2), { durable: true })).toBe(false));
    await eventually(async () => expect(await store.set('key', new Uint8Array(20_000), { durable: true })).toBe('over_limit'));
    hasty.close();
  });

  it('finds by any pattern what Redis itself finds', async () => {
    const characters = fc.constantFrom('a', 'b', 'c', '*', '?', '[', ']', '^', '-', '\\');
    // No empty keys: for Redis, and only there, a pattern of two stars does not match them.
    const someKeys = fc.uniqueArray(fc.string({ unit: characters, minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 12 });
    const hash = `${keyPrefix}:patterns`;
    await fc.assert(
      fc.asyncProperty(someKeys, fc.string({ unit: characters, maxLength: 6 }), async (keys, pattern) => {
        const store = open(`patterns${stores++}`); // a new one each time, so that a failure can be made smaller
        await redis.del(hash);
        await redis.hset(hash, Object.fromEntries(keys.map((key) => [key, '1'])));
        await Promise.all(keys.map((key) => store.set(key, new Uint8Array(0))));
        const [, fields] = await redis.hscan(hash, 0, 'MATCH', pattern, 'COUNT', 1_000);
        const theirs = fields.filter((_, index) => index % 2 === 0).sort();
        const ours = await store.list({ pattern, limit: 100, maxBytes: 10_000, withValues: false });
        expect(ours.entries.map(({ key }) => key).sort()).toEqual(theirs);
        await store.del(keys);
      }),
      { numRuns: 200 },
    );
  });
});
