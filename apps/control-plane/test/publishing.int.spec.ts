import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NodeRegistry, openSnapshot } from '@torii/config-sync';
import { CurrentRevision, type List, type Node, type NodeStatus, type Snapshot } from '@torii/contracts';
import { eventually, type OwnRedis, startOwnRedis } from '@torii/test-kit';
import type { ApiClient } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let ownRedis: OwnRedis;
let torii: TestControlPlane;
let api: ApiClient;
let registry: NodeRegistry;

beforeAll(async () => {
  ownRedis = await startOwnRedis();
  torii = await startControlPlane({ redisUrl: ownRedis.url });
  api = torii.api;
  registry = new NodeRegistry(torii.redis, torii.keys);
  await api.aPlugin('geo');
  await api.aRoute('geo', 'geo');
});
afterAll(async () => {
  await torii?.close();
  await ownRedis?.stop({ loseData: true });
});
afterEach(async () => {
  await ownRedis.start();
  await eventually(async () => (await torii.redis.del(torii.keys.nodes)) >= 0);
});

async function current(): Promise<CurrentRevision> {
  return CurrentRevision.parse(JSON.parse((await torii.redis.get(torii.keys.current)) ?? 'null'));
}

/** What a node would read of the newest revision, once it is there. */
function published(): Promise<Snapshot> {
  return eventually(async () => {
    const announced = await current();
    const { headers } = await api.get('/api/v1/routes');
    expect(announced.revision).toBe(Number(headers.get('x-config-revision')));
    return openSnapshot((await torii.redis.get(torii.keys.snapshot(announced.incarnation, announced.revision))) ?? '', announced);
  });
}

/** Reports once and stays alive: its heartbeat lies ahead, so that a slow machine does not bury it. */
function aNode(suffix: string, changes: Partial<NodeStatus> = {}): NodeStatus {
  const now = Date.now();
  return {
    id: `nd_01900000-0000-7000-8000-00000000000${suffix}` as NodeStatus['id'],
    version: '0.1.0',
    internalUrl: 'http://127.0.0.1:1',
    proxyPort: 1,
    dataThreads: 1,
    startedAt: new Date(now).toISOString(),
    heartbeatAt: new Date(now + 3_600_000).toISOString(),
    active: null,
    rejected: null,
    ...changes,
  };
}

describe('the publisher', () => {
  it('publishes every change as a snapshot that nodes accept', async () => {
    const snapshot = await published();
    expect(snapshot.routes).toMatchObject([{ name: 'geo', target: { kind: 'function', version: 1 } }]);
    expect(snapshot.plugins).toMatchObject([{ name: 'geo', version: 1, functionName: 'handle' }]);
    await api.send('PATCH', '/api/v1/plugins/geo', { description: 'second' });
    expect((await published()).plugins).toMatchObject([{ version: 2 }]); // `latest` follows
    await api.send('PATCH', '/api/v1/routes/geo', { enabled: false });
    expect(await published()).toMatchObject({ routes: [], plugins: [] });
    await api.send('PATCH', '/api/v1/routes/geo', { enabled: true });
    expect((await published()).routes).toHaveLength(1);
  });

  it('brings everything back to a Redis that was flushed', async () => {
    const before = await published();
    await torii.redis.flushall();
    expect(await published()).toEqual(before);
  });

  it('brings back a snapshot that is gone while it is current', async () => {
    const before = await published();
    await torii.redis.del(torii.keys.snapshot(before.incarnation, before.revision));
    expect(await published()).toEqual(before);
  });

  it('saves writes while Redis is away, says so, and publishes them when it is back', async () => {
    await ownRedis.stop();
    const { status, headers } = await api.send('PATCH', '/api/v1/routes/geo', { tags: ['offline'] }, {});
    expect(status).toBe(200);
    const waited = await api.send('PATCH', '/api/v1/routes/geo?wait=applied&timeout=2s', { tags: ['offline-2'] });
    expect(waited.status).toBe(200);
    expect(waited.headers.get('x-config-applied')).toBe('0/0; unknown');
    expect(await api.get('/api/v1/routes/geo')).toMatchObject({ status: 200, body: { tags: ['offline-2'] } });
    expect(await api.get('/api/v1/nodes')).toMatchObject({ status: 503, body: { code: 'platform.redis' } });
    await eventually(async () =>
      expect(await api.get('/readyz')).toMatchObject({ status: 503, body: { checks: { database: { ok: true }, redis: { ok: false } } } }),
    );
    await ownRedis.start();
    expect((await published()).revision).toBeGreaterThan(Number(headers.get('x-config-revision')));
    await eventually(async () => expect(await api.get('/readyz')).toMatchObject({ status: 200 }));
  });

  it('raises its revision above what was published before the database was restored', async () => {
    const before = await published();
    await torii.database.query('UPDATE config_state SET revision = revision - 2');
    await torii.database.query('DELETE FROM revisions WHERE revision > (SELECT revision FROM config_state)');
    const raised = await eventually(async () => {
      const now = await current();
      expect(now.revision).toBeGreaterThan(before.revision);
      return now;
    });
    expect(raised.incarnation).toBe(before.incarnation);
    expect((await published()).routes).toEqual(before.routes);
  });

  it('publishes what another control plane has written', async () => {
    const other = await torii.startAnother();
    try {
      await other.api.send('PATCH', '/api/v1/routes/geo', { tags: ['other'] });
      await published();
    } finally {
      await other.close();
    }
  });
});

describe('?wait=applied', () => {
  const write = (tags: string[], query: string) => api.send('PATCH', `/api/v1/routes/geo?wait=applied&${query}`, { tags });

  it('answers at once when there are no nodes', async () => {
    const { status, headers } = await write(['none'], 'timeout=60s');
    expect([status, headers.get('x-config-applied')]).toEqual([200, '0/0']);
  });

  it('waits until every live node serves the revision', async () => {
    await registry.report(aNode('1'));
    const answer = write(['waits'], 'timeout=30s');
    await eventually(async () => expect(await api.get('/api/v1/routes/geo')).toMatchObject({ body: { tags: ['waits'] } }));
    const { incarnation, revision, hash } = await published();
    await registry.report(aNode('1', { active: { incarnation, revision, hash } }));
    const { headers } = await answer;
    expect(headers.get('x-config-applied')).toBe('1/1');
    expect(headers.get('x-config-pending')).toBeNull();
  });

  it('names the nodes that are late when the time is over; the change is saved all the same', async () => {
    await registry.report(aNode('1'));
    const { status, headers, body } = await write(['late'], 'timeout=100ms');
    expect(status).toBe(200);
    expect(body).toMatchObject({ tags: ['late'] });
    expect(headers.get('x-config-applied')).toBe('0/1');
    expect(headers.get('x-config-pending')).toBe(aNode('1').id);
  });

  it('ends as soon as a node refuses the revision, and says why', async () => {
    const { incarnation, revision } = await published();
    const rejected = { incarnation, revision: revision + 100, code: 'config.compile_failed', detail: 'x' };
    await registry.report(aNode('1', { rejected }));
    const { headers } = await write(['refused'], 'timeout=60s');
    expect(headers.get('x-config-rejected')).toBe(`${aNode('1').id};code=config.compile_failed`);
  });

  it('does not wait for nodes that are gone, nor for more than it was asked to', async () => {
    const { incarnation, hash } = await published();
    await registry.report(aNode('1', { heartbeatAt: new Date(Date.now() - 60_000).toISOString() }));
    expect((await write(['gone'], 'timeout=60s')).headers.get('x-config-applied')).toBe('0/0');
    await registry.report(aNode('2', { active: { incarnation, revision: 1_000_000, hash } }));
    await registry.report(aNode('3'));
    expect((await write(['half'], 'timeout=60s&min=50%25')).headers.get('x-config-applied')).toBe('1/2');
    expect((await write(['one'], 'timeout=60s&min=1')).headers.get('x-config-applied')).toBe('1/2');
  });

  it.each(['wait=soon', 'wait=applied&timeout=2m', 'wait=applied&min=x', 'timeout=5s'])('is refused as ?%s', async (query) => {
    expect(await api.send('PATCH', `/api/v1/routes/geo?${query}`, { tags: [] })).toMatchObject({ status: 422 });
  });
});

describe('GET /api/v1/nodes', () => {
  it('says which node serves the newest revision, which does not, and which is gone', async () => {
    const { incarnation, revision, hash } = await published();
    const active = { incarnation, revision, hash };
    await registry.report(aNode('1', { active }));
    await registry.report(aNode('2', { active: { ...active, revision: revision - 1 } }));
    await registry.report(aNode('3', { rejected: { incarnation, revision, code: 'config.compile_failed', detail: 'no' } }));
    await registry.report(aNode('4', { active, heartbeatAt: new Date(Date.now() - 60_000).toISOString() }));
    await registry.report(aNode('5', { heartbeatAt: new Date(Date.now() - 7_200_000).toISOString() }));
    const { body } = await api.get<List<Node>>('/api/v1/nodes');
    expect(body.items.map(({ state }) => state)).toEqual(['applied', 'pending', 'rejected', 'gone']);
    expect(await api.get(`/api/v1/nodes/${aNode('3').id}`)).toMatchObject({
      status: 200,
      body: { state: 'rejected', rejected: { code: 'config.compile_failed' } },
    });
    expect(await api.get(`/api/v1/nodes/${aNode('5').id}`)).toMatchObject({ status: 404 });
    expect(await torii.redis.hexists(torii.keys.nodes, aNode('5').id)).toBe(0);
    const page = await api.get<List<Node>>('/api/v1/nodes?limit=3');
    expect((await api.get<List<Node>>(`/api/v1/nodes?limit=3&cursor=${page.body.nextCursor}`)).body.items).toHaveLength(1);
  });
});
