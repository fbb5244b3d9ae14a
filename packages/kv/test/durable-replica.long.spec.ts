import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createLogger } from '@torii/service-kit';
import { eventually, type OwnRedis, type Relay, startOwnRedis, startRelay } from '@torii/test-kit';
import { Redis } from 'ioredis';
import { KvConnection } from '../src/redis/kv-connection.js';
import { RedisKvStore } from '../src/redis/redis-kv-store.js';

const log = createLogger({ level: 'silent', app: 'test' });
/** Half of it is what a durable write waits for a replica. */
const timeoutMs = 20_000;
const hastyTimeoutMs = 2_000;
const testTimeoutMs = 120_000;

/**
 * A primary and its replica, which reaches it by a relay that can be made to hang. The embedded Valkey cannot replicate:
 * these need a valkey-server or redis-server on PATH, and fail with these words where there is none.
 */
describe('a durable write to a Redis with a replica', () => {
  let primary: OwnRedis;
  let replica: OwnRedis;
  let relay: Relay;
  let onPrimary: Redis;
  let onReplica: Redis;
  const connections: KvConnection[] = [];
  beforeAll(async () => {
    primary = await startOwnRedis({ kind: 'native' });
    replica = await startOwnRedis({ kind: 'native' });
    relay = await startRelay(primary.url);
    onPrimary = new Redis(primary.url);
    onReplica = new Redis(replica.url);
    await follow();
  }, testTimeoutMs);
  afterAll(async () => {
    for (const connection of connections) connection.close();
    onPrimary.disconnect();
    onReplica.disconnect();
    await relay.close();
    await replica.stop();
    await primary.stop();
  }, testTimeoutMs);

  function store(name: string, waitsMs = timeoutMs): RedisKvStore {
    const connection = new KvConnection({ url: primary.url, log, timeoutMs: waitsMs });
    connections.push(connection);
    return new RedisKvStore({ connection, prefix: 'durable', workspace: 'default', namespace: `map:${name}`, maxBytes: 1_000_000 });
  }

  async function follow(): Promise<void> {
    await eventually(() => onReplica.replicaof('127.0.0.1', new URL(relay.url).port));
    await replicates();
  }

  async function replicates(): Promise<void> {
    await eventually(async () => expect(await onPrimary.info('replication')).toMatch(/state=online/));
  }

  /** What the replica has under a key of that store. */
  function replicated(name: string, key: string): Promise<string | null> {
    return onReplica.get(`durable:{kv:default:map:${name}}:v:${key}`);
  }

  it(
    'is done when the replica has it, each of many at once',
    async () => {
      const map = store('followed');
      expect(await map.set('key', Buffer.from('value'), { durable: true })).toBeUndefined();
      expect(await replicated('followed', 'key')).toBe('value');
      const keys = Array.from({ length: 100 }, (_, index) => `key${index}`);
      expect(new Set(await Promise.all(keys.map((key) => map.setIfAbsent(key, Buffer.from(key), { durable: true }))))).toEqual(new Set([true]));
      for (const key of keys) expect(await replicated('followed', key)).toBe(key);
    },
    testTimeoutMs,
  );

  it(
    'is told apart, and done all the same, while the replica does not hear of it, and is durable again after that',
    async () => {
      const hasty = store('unheard', hastyTimeoutMs);
      await eventually(async () => expect(await hasty.set('key', Buffer.from('before'), { durable: true })).toBeUndefined());
      relay.hang();
      await eventually(async () => expect(await hasty.set('key', Buffer.from('meanwhile'), { durable: true })).toBe('not_durable'));
      expect(Buffer.from((await hasty.get('key')) ?? '').toString()).toBe('meanwhile');
      relay.restore();
      await replicates();
      await eventually(async () => expect(await hasty.set('key', Buffer.from('after'), { durable: true })).toBeUndefined());
      expect(await replicated('unheard', 'key')).toBe('after');
    },
    testTimeoutMs,
  );

  it(
    'is told apart while the replica is gone, and is durable when it is back',
    async () => {
      const hasty = store('gone', hastyTimeoutMs);
      await eventually(async () => expect(await hasty.set('key', Buffer.from('before'), { durable: true })).toBeUndefined());
      await replica.stop();
      await eventually(async () => expect(await hasty.set('key', Buffer.from('meanwhile'), { durable: true })).toBe('not_durable'));
      await replica.start();
      await follow();
      await eventually(async () => expect(await hasty.set('key', Buffer.from('after'), { durable: true })).toBeUndefined());
      expect(await replicated('gone', 'key')).toBe('after');
    },
    testTimeoutMs,
  );
});
