import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { configKeys, SnapshotPublisher, sealSnapshot, sha256 } from '@torii/config-sync';
import { debugHeader } from '@torii/contracts';
import { debugTokenKey, Secret, signDebugToken } from '@torii/service-kit';
import { compileWat, eventually, guest, startOwnRedis, testRedis } from '@torii/test-kit';
import { Redis } from 'ioredis';
import { aPlugin, aRoute, nodeToken, TestNode } from './a-node.js';

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

describe('a node and its configuration', () => {
  const bus = testRedis();
  const node = new TestNode(bus);
  beforeAll(() => node.start({ TORII_DATA_THREADS: '2' }));
  afterAll(() => node.stop());

  it('serves a new version in place of the old one on every thread, without a failed request', async () => {
    const sha = node.artifacts.add(await guest('hello'));
    const first = aPlugin(sha, { name: 'hello' });
    await node.apply([first], [aRoute(first, '/hello')]);
    let isDone = false;
    const failures: number[] = [];
    const load = Promise.all(
      Array.from({ length: 4 }, async () => {
        while (!isDone) {
          const response = await fetch(`${node.proxyUrl}/hello`);
          await response.arrayBuffer();
          if (response.status !== 200) failures.push(response.status);
        }
      }),
    );
    for (let version = 2; version <= 101; version += 1) {
      const next = { ...first, version, config: { version: String(version) } };
      await node.publish([next], [aRoute(next, '/hello')]);
    }
    await node.servesRevision(node.revision);
    isDone = true;
    await load;
    expect(failures).toEqual([]);
  });

  it('keeps the old configuration and says why when the new one holds a module it cannot prepare', async () => {
    const good = aPlugin(node.artifacts.add(await guest('hello')), { name: 'good' });
    await node.apply([good], [aRoute(good, '/kept')]);
    const bad = aPlugin(
      node.artifacts.add(await compileWat('(module (memory (export "memory") 1) (func (export "run") (result i32) i32.const 0))')),
      {
        name: 'bad',
        functionName: 'missing',
      },
    );
    await node.publish([good, bad], [aRoute(good, '/kept'), aRoute(bad, '/bad')]);
    await eventually(async () => expect((await node.readiness()).checks.configuration.detail).toContain('plugin bad version 1'));
    expect(await text(`${node.proxyUrl}/kept`)).toBe('hello');
    expect(await node.readiness()).toMatchObject({ httpStatus: 200, checks: { configuration: { revision: node.revision - 1 } } });
    await node.apply([good], [aRoute(good, '/kept'), aRoute(good, '/more')]);
    expect(await text(`${node.proxyUrl}/more`)).toBe('hello');
  });

  it('refuses an artifact with other bytes than announced, and takes it once it is right', async () => {
    const bytes = await guest('bad-json');
    const digest = sha256(bytes);
    node.artifacts.bytes.set(digest, await guest('hello'));
    const plugin = aPlugin(digest, { name: 'swapped' });
    await node.publish([plugin], [aRoute(plugin, '/swapped')]);
    await eventually(async () => expect((await node.readiness()).checks.configuration.detail).toContain('other bytes'));
    node.artifacts.bytes.set(digest, bytes);
    const again = { ...plugin, version: 2 };
    await node.apply([again], [aRoute(again, '/swapped')]);
  });

  it('takes a configuration whose snapshot was gone from Redis once the publisher has brought it back', async () => {
    const plugin = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
    node.revision += 1;
    const { incarnation, revision } = node;
    const snapshot = sealSnapshot({ incarnation, revision }, { plugins: [plugin], routes: [aRoute(plugin, '/healed')] });
    const redis = new Redis(bus.url);
    try {
      const keys = configKeys(bus.keyPrefix);
      await redis.set(keys.current, JSON.stringify({ incarnation, revision, hash: snapshot.hash }));
      await eventually(async () => expect((await node.readiness()).checks.configuration.detail).toContain('is not in Redis'));
      expect((await new SnapshotPublisher(redis, keys).publish(snapshot)).outcome).toBe('published');
      await node.servesRevision(revision);
    } finally {
      redis.disconnect();
    }
  });

  it('runs the new module when a restored database gives a number it lost to another version', async () => {
    const lost = aPlugin(node.artifacts.add(await guest('hello')), { name: 'restored' });
    await node.apply([lost], [aRoute(lost, '/restored')]);
    expect(await text(`${node.proxyUrl}/restored`)).toBe('hello');
    const other = { ...lost, sha256: node.artifacts.add(await guest('echo')) };
    await node.apply([other], [aRoute(other, '/restored')]);
    expect(await text(`${node.proxyUrl}/restored`)).toContain('"raw_request"');
  });

  it('starts from its cache of artifacts when the control plane is gone', async () => {
    const plugin = aPlugin(node.artifacts.add(await guest('hello')), { name: 'cached' });
    await node.apply([plugin], [aRoute(plugin, '/cached')]);
    await node.stopProcess();
    const requests = node.artifacts.requests;
    node.artifacts.bytes.clear();
    await node.start({ TORII_DATA_THREADS: '2' });
    await node.servesRevision(node.revision);
    expect(await text(`${node.proxyUrl}/cached`)).toBe('hello');
    expect(node.artifacts.requests).toBe(requests);
  });
});

describe('a node and Redis', () => {
  it('starts before Redis, catches up when it comes, serves on while it is gone, and catches up again', async () => {
    const own = await startOwnRedis();
    await own.stop();
    const node = new TestNode({ url: own.url, keyPrefix: 'torii' });
    try {
      await node.start();
      expect(await node.readiness()).toMatchObject({ httpStatus: 503, checks: { configuration: { ok: false }, redis: { ok: false } } });

      await own.start();
      const plugin = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
      await node.apply([plugin], [aRoute(plugin, '/one')]);

      await own.stop();
      await eventually(async () => expect((await node.readiness()).checks.redis.ok).toBe(false));
      expect(await text(`${node.proxyUrl}/one`)).toBe('hello');
      expect((await node.readiness()).httpStatus).toBe(200);
      const token = signDebugToken(debugTokenKey(new Secret(nodeToken)), { exp: Math.floor(Date.now() / 1000) + 3_600 });
      const outcomeOf = async (path: string) =>
        (await fetch(`${node.proxyUrl}${path}`, { headers: { [debugHeader]: token } })).headers.get(debugHeader);
      expect(await outcomeOf('/one')).toBeNull();

      node.debugEpoch = 'tokens were revoked while it was away';
      await own.start();
      const redis = new Redis(own.url);
      await redis.flushall();
      redis.disconnect();
      await node.apply([plugin], [aRoute(plugin, '/two')]);
      expect(await text(`${node.proxyUrl}/two`)).toBe('hello');
      expect(await outcomeOf('/two')).toBe('revoked');
    } finally {
      await node.stop();
      await own.stop();
    }
  });
});
