import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type NodeId, NodeStatus } from '@torii/contracts';
import { eventually, testRedis } from '@torii/test-kit';
import type { Redis } from 'ioredis';
import { configKeys } from '../src/config-keys.js';
import { heartbeatTimeoutMs, isGone, NodeRegistry } from '../src/node-registry.js';
import { openRedis } from './redis-connection.js';

const { url, keyPrefix } = testRedis();
const keys = configKeys(keyPrefix);
const first = 'nd_01995f3c-7a2b-7c3d-8e4f-000000000001' as NodeId;
const second = 'nd_01995f3c-7a2b-7c3d-8e4f-000000000002' as NodeId;
let redis: Redis;
let subscriber: Redis;
let registry: NodeRegistry;

beforeAll(async () => {
  [redis, subscriber] = await Promise.all([openRedis(url), openRedis(url)]);
  registry = new NodeRegistry(redis, keys);
});
afterAll(() => {
  redis.disconnect();
  subscriber.disconnect();
});

function aStatus(id: NodeId, change: Partial<NodeStatus> = {}): NodeStatus {
  return NodeStatus.parse({
    id,
    version: '0.1.0',
    internalUrl: 'http://127.0.0.1:9090',
    proxyPort: 8080,
    dataThreads: 1,
    startedAt: '2026-11-22T10:00:00.000Z',
    heartbeatAt: '2026-11-22T10:00:00.000Z',
    active: null,
    rejected: null,
    ...change,
  });
}

describe('NodeRegistry', () => {
  it('lists what nodes last reported, rings whoever waits, and forgets those that leave', async () => {
    const rings: string[] = [];
    subscriber.on('message', (_channel: string, id: string) => rings.push(id));
    await subscriber.subscribe(keys.acks);

    await registry.report(aStatus(second));
    await registry.report(aStatus(first));
    await registry.report(aStatus(first, { proxyPort: 8081 }));
    expect(await registry.list()).toEqual([aStatus(first, { proxyPort: 8081 }), aStatus(second)]);

    await registry.leave(first);
    expect((await registry.list()).map((node) => node.id)).toEqual([second]);
    await registry.forget([second]);
    await registry.forget([]);
    expect(await registry.list()).toEqual([]);
    await eventually(() => expect(rings).toEqual([second, first, first, first]));
  });

  it('leaves out entries it cannot read', async () => {
    await redis.hset(keys.nodes, 'nd_broken', '{', 'nd_other-version', '{"id":"nd_other-version"}');
    await registry.report(aStatus(first));
    expect((await registry.list()).map((node) => node.id)).toEqual([first]);
    await registry.forget([first, 'nd_broken', 'nd_other-version']);
  });
});

describe('isGone', () => {
  it('is true once a heartbeat is older than the timeout, not before', () => {
    const at = Date.parse('2026-11-22T10:00:00.000Z');
    expect(isGone(aStatus(first), new Date(at + heartbeatTimeoutMs))).toBe(false);
    expect(isGone(aStatus(first), new Date(at + heartbeatTimeoutMs + 1))).toBe(true);
  });
});
