import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connectRedis, createLogger } from '@torii/service-kit';
import { describeKvStore, testRedis } from '@torii/test-kit';
import type { Redis } from 'ioredis';
import { RedisKvStore } from '../src/redis-kv-store.js';

const log = createLogger({ level: 'silent', app: 'test' });
const { url, keyPrefix } = testRedis();
let redis: Redis;
let plugins = 0;

beforeAll(async () => {
  redis = connectRedis(url, { name: 'test', log, commandTimeoutMs: 5_000 });
  await ready(redis);
});
afterAll(() => redis.disconnect());

function open(pluginId: string, maxBytes = 1_000, over = redis): RedisKvStore {
  return new RedisKvStore({ redis: over, prefix: keyPrefix, workspace: 'default', pluginId, maxBytes });
}

describeKvStore('RedisKvStore', ({ maxBytes, maxKeys }) => {
  const pluginId = `pl_${plugins++}`;
  return new RedisKvStore({ redis, prefix: keyPrefix, workspace: 'default', pluginId, maxBytes, maxKeys });
});

describe('RedisKvStore', () => {
  it('gives two nodes the same map, and two plugins and workspaces different ones', async () => {
    await open('pl_same').set('key', Uint8Array.of(1));
    expect([...((await open('pl_same').get('key')) ?? [])]).toEqual([1]);
    expect(await open('pl_other').get('key')).toBeUndefined();
    const elsewhere = new RedisKvStore({ redis, prefix: keyPrefix, workspace: 'elsewhere', pluginId: 'pl_same', maxBytes: 1_000 });
    expect(await elsewhere.get('key')).toBeUndefined();
  });

  it('stays within its bytes when many write at once', async () => {
    const stores = [open('pl_race', 100), open('pl_race', 100)];
    const outcomes = await Promise.all(
      Array.from({ length: 40 }, (_, index) => stores[index % 2]?.set(`key${String(index).padStart(2, '0')}`, new Uint8Array(5))),
    );
    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(10);
    expect(await redis.get(`${keyPrefix}:{kv:pl_race}:default:map:bytes`)).toBe('100');
  });

  it('lets a map that is over a lowered limit shrink, but not grow', async () => {
    await open('pl_lowered', 100).set('key', new Uint8Array(90));
    const lowered = open('pl_lowered', 50);
    expect(await lowered.set('key', new Uint8Array(91))).toBe('over_limit');
    expect(await lowered.set('key', new Uint8Array(60))).toBeUndefined();
    expect(await lowered.set('new', new Uint8Array(1))).toBe('over_limit');
  });

  it('starts anew when Redis has lost the map, and leaves nothing behind when the last key goes', async () => {
    const store = open('pl_lost', 10);
    await store.set('key', new Uint8Array(7));
    await redis.del(`${keyPrefix}:{kv:pl_lost}:default:map`);
    expect(await store.set('key', new Uint8Array(7))).toBeUndefined();
    await store.del('key');
    expect(await redis.keys(`${keyPrefix}:{kv:pl_lost}:*`)).toEqual([]);
  });

  it('works on when Redis has forgotten its scripts', async () => {
    const store = open('pl_scripts');
    await store.set('key', Uint8Array.of(1));
    await redis.script('FLUSH');
    expect(await store.set('key', Uint8Array.of(2))).toBeUndefined();
    expect(await store.del('key')).toBe(true);
  });

  it('rejects with platform.redis at once while Redis cannot be reached', async () => {
    const nowhere = connectRedis('redis://127.0.0.1:1', { name: 'nowhere', log, commandTimeoutMs: 5_000 });
    const store = open('pl_unreachable', 1_000, nowhere);
    await expect(store.get('key')).rejects.toMatchObject({ code: 'platform.redis', status: 503 });
    await expect(store.set('key', new Uint8Array(1))).rejects.toMatchObject({ code: 'platform.redis' });
    await expect(store.del('key')).rejects.toMatchObject({ code: 'platform.redis' });
    nowhere.disconnect();
  });
});

async function ready(connection: Redis): Promise<void> {
  if (connection.status !== 'ready') await new Promise((resolve) => connection.once('ready', resolve));
}
