import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, testRedis } from '@torii/test-kit';
import type { Redis } from 'ioredis';
import { type ConfigKeys, configKeys } from '../src/config-keys.js';
import { SnapshotPublisher } from '../src/snapshot-publisher.js';
import { SnapshotSource } from '../src/snapshot-source.js';
import { aSnapshot, oneLife, otherLife } from './a-snapshot.js';
import { openRedis } from './redis-connection.js';

const { url, keyPrefix } = testRedis();
let redis: Redis;
let subscriber: Redis;
let keys: ConfigKeys;
let publisher: SnapshotPublisher;
let installations = 0;

beforeAll(async () => {
  [redis, subscriber] = await Promise.all([openRedis(url), openRedis(url)]);
});
afterAll(() => {
  redis.disconnect();
  subscriber.disconnect();
});
beforeEach(() => {
  keys = configKeys(`${keyPrefix}-${installations++}`);
  publisher = new SnapshotPublisher(redis, keys);
});

function openSource(pollIntervalMs: number): SnapshotSource {
  return new SnapshotSource({ redis, subscriber, keys, pollIntervalMs });
}

describe('SnapshotPublisher', () => {
  it('makes a revision current, for sources to fetch', async () => {
    const snapshot = aSnapshot(1);
    const { incarnation, revision, hash } = snapshot;
    expect(await publisher.publish(snapshot)).toEqual({ outcome: 'published', current: { incarnation, revision, hash } });
    const source = openSource(60_000);
    const current = await source.current();
    expect(current).toEqual({ incarnation, revision, hash });
    expect(current && (await source.fetch(current))).toEqual(snapshot);
  });

  it('replaces an older revision, which nodes may still fetch for a while', async () => {
    await publisher.publish(aSnapshot(1));
    expect((await publisher.publish(aSnapshot(2))).outcome).toBe('published');
    expect(await publisher.current()).toMatchObject({ revision: 2 });
    expect(await redis.ttl(keys.snapshot(oneLife, 1))).toBeGreaterThan(60);
    expect(await redis.ttl(keys.snapshot(oneLife, 2))).toBe(-1);
  });

  it('never lets an older revision replace a newer one of the same incarnation', async () => {
    await publisher.publish(aSnapshot(5));
    const result = await publisher.publish(aSnapshot(4));
    expect(result).toMatchObject({ outcome: 'superseded', current: { revision: 5 } });
    expect(await publisher.current()).toMatchObject({ revision: 5 });
    expect(await redis.exists(keys.snapshot(oneLife, 4))).toBe(0);
  });

  it('lets any revision of another incarnation replace it', async () => {
    await publisher.publish(aSnapshot(5));
    expect((await publisher.publish(aSnapshot(1, otherLife))).outcome).toBe('published');
    expect(await publisher.current()).toMatchObject({ incarnation: otherLife, revision: 1 });
    expect(await redis.ttl(keys.snapshot(oneLife, 5))).toBeGreaterThan(0);
  });

  it('ends at the newest revision when many publish at once, in whatever order', async () => {
    const revisions = [3, 9, 1, 7, 5, 10, 2, 8, 6, 4];
    await Promise.all(revisions.map((revision) => publisher.publish(aSnapshot(revision))));
    expect(await publisher.current()).toMatchObject({ revision: 10 });
  });

  it('changes nothing and rings nobody when the revision is current already', async () => {
    await publisher.publish(aSnapshot(1));
    const rings = await ringsDuring(async () => {
      expect((await publisher.publish(aSnapshot(1))).outcome).toBe('already_current');
    });
    expect(rings).toEqual([]);
  });

  it('heals a Redis that lost everything, or the snapshot alone', async () => {
    await publisher.publish(aSnapshot(1));
    await redis.del(keys.current, keys.snapshot(oneLife, 1));
    expect(await publisher.current()).toBeUndefined();
    expect((await publisher.publish(aSnapshot(1))).outcome).toBe('published');
    await redis.del(keys.snapshot(oneLife, 1));
    const rings = await ringsDuring(async () => {
      expect((await publisher.publish(aSnapshot(1))).outcome).toBe('published');
    });
    expect(rings).toEqual(['1']);
    expect(await redis.ttl(keys.snapshot(oneLife, 1))).toBe(-1);
  });

  it.each(['', 'not JSON', 'null', '[]', '{"revision":"many"}', '{"incarnation":1,"revision":9}'])(
    'replaces a current that is not one: %j',
    async (raw) => {
      await redis.set(keys.current, raw);
      expect(await publisher.current()).toBeUndefined();
      await expect(openSource(60_000).current()).rejects.toMatchObject({ code: 'config.invalid_snapshot' });
      expect((await publisher.publish(aSnapshot(1))).outcome).toBe('published');
      expect(await openSource(60_000).current()).toMatchObject({ revision: 1 });
    },
  );

  it('holds revisions beyond what a 32-bit number can', async () => {
    const revision = 2 ** 45;
    await publisher.publish(aSnapshot(revision));
    expect((await publisher.publish(aSnapshot(revision + 1))).outcome).toBe('published');
    expect(await redis.ttl(keys.snapshot(oneLife, revision))).toBeGreaterThan(0);
    expect(await publisher.current()).toMatchObject({ revision: revision + 1 });
  });
});

describe('SnapshotSource', () => {
  it('notices a publication by the ring, without waiting for the poll', async () => {
    const source = openSource(60_000);
    let notices = 0;
    source.watch(() => notices++);
    await eventually(() => expect(notices).toBeGreaterThanOrEqual(2)); // at once, and when it has subscribed
    const before = notices;
    await publisher.publish(aSnapshot(1));
    await eventually(() => expect(notices).toBeGreaterThan(before));
    source.close();
    await subscriber.unsubscribe(keys.doorbell);
  });

  it('notices by polling when the ring was lost', async () => {
    const source = openSource(20);
    const seen: (number | undefined)[] = [];
    source.watch(() => void source.current().then((current) => seen.push(current?.revision)));
    await redis.set(keys.current, JSON.stringify({ incarnation: oneLife, revision: 3, hash: aSnapshot(3).hash }));
    await eventually(() => expect(seen).toContain(3));
    source.close();
    await subscriber.unsubscribe(keys.doorbell);
  });

  it('has nothing before the first publication', async () => {
    expect(await openSource(60_000).current()).toBeUndefined();
  });

  it('says that the announced snapshot is gone in a way that may pass: the publisher brings it back', async () => {
    const { incarnation, revision, hash } = aSnapshot(1);
    await expect(openSource(60_000).fetch({ incarnation, revision, hash })).rejects.toMatchObject({ code: 'config.unknown_artifact' });
  });
});

/** What is rung on the doorbell while `act` runs; a ring of our own at the end tells that none is still on its way. */
async function ringsDuring(act: () => Promise<void>): Promise<string[]> {
  const listener = await openRedis(url);
  const rings: string[] = [];
  listener.on('message', (_channel: string, message: string) => rings.push(message));
  await listener.subscribe(keys.doorbell);
  await act();
  await redis.publish(keys.doorbell, 'end');
  await eventually(() => expect(rings).toContain('end'));
  listener.disconnect();
  return rings.filter((ring) => ring !== 'end');
}
