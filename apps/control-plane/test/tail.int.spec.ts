import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { tailChannels } from '@torii/config-sync';
import { TailAsk, type TailBatch } from '@torii/contracts';
import { eventually, type OwnRedis, ServerEvents, startOwnRedis } from '@torii/test-kit';
import { Redis } from 'ioredis';
import { aKeyWith } from './support/admin-key.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

type Event = { readonly path?: string; readonly count?: number; readonly state?: string; readonly nodes?: number };

let own: OwnRedis;
let torii: TestControlPlane;
/** Stands for a node. */
let node: Redis;
const asks: TailAsk[] = [];
const open: ServerEvents<Event>[] = [];

beforeAll(async () => {
  own = await startOwnRedis();
  torii = await startControlPlane({ redisUrl: own.url, env: { TORII_TAIL_STREAMS: '3' } });
  node = new Redis(own.url);
  node.on('error', () => undefined);
  node.on('message', (_channel, text) => asks.push(TailAsk.parse(JSON.parse(text))));
  await node.subscribe(tailChannels(torii.keyPrefix).asks);
});
afterAll(async () => {
  node?.disconnect();
  await torii?.close();
  await own?.stop();
});
afterEach(async () => {
  const followers = new Set(asks.map(({ follower }) => follower));
  for (const client of open.splice(0)) client.close();
  await eventually(() => expect(asks.filter(({ ttlMs }) => ttlMs === 0).length).toBe(followers.size));
  asks.length = 0;
});

/** A client that follows, once it knows that the node has heard of it. */
async function follow(query = ''): Promise<{ client: ServerEvents<Event>; ask: TailAsk }> {
  const known = new Set(asks.map(({ follower }) => follower));
  const client = new ServerEvents<Event>(`${torii.url}/api/v1/tail${query}`, torii.api.headers);
  open.push(client);
  await eventually(() => expect(client.named('state').at(-1)).toMatchObject({ state: 'following', nodes: 1 }));
  const ask = asks.find(({ follower }) => !known.has(follower));
  if (ask === undefined) throw new Error('nobody was announced');
  return { client, ask };
}

function tell(ask: TailAsk, paths: readonly string[], dropped = 0): Promise<number> {
  const records = paths.map((path) => ({
    time: '2026-01-31T12:00:00.000Z',
    nodeId: 'nd_01900000-0000-7000-8000-000000000000',
    requestId: 'rq',
    method: 'GET',
    host: 'h',
    path,
    status: 200,
    durationMs: 1,
    later: 'a field of a newer node',
  }));
  const batch = { records, dropped } as unknown as TailBatch;
  return torii.redis.publish(tailChannels(torii.keyPrefix).batches(ask.follower), JSON.stringify(batch));
}

describe('GET /api/v1/tail', () => {
  it('tells the nodes what is wanted, and the follower what they say', async () => {
    const { client, ask } = await follow('?route=shop&plugin=basket&version=2&status=5xx,404&text=cart&sample=0.5');
    expect(ask.filter).toEqual({ route: 'shop', plugin: 'basket', version: 2, statuses: ['5xx', '404'], text: 'cart', sample: 0.5 });
    expect(await tell(ask, ['/a', '/b'])).toBe(1);
    await tell(ask, [], 5);
    await eventually(() => expect(client.named('dropped')).toEqual([{ type: 'dropped', count: 5 }]));
    expect(client.named('request')).toMatchObject([
      { path: '/a', later: 'a field of a newer node' },
      { path: '/b', type: 'request' },
    ]);
  });

  it('tells each follower its own, and announces each again and again until it has gone', async () => {
    const [one, other] = [await follow('?text=one'), await follow('?text=other')];
    await tell(one.ask, ['/one']);
    await tell(other.ask, ['/other']);
    await eventually(() => expect([one, other].map(({ client }) => client.named('request').map(({ path }) => path))).toEqual([['/one'], ['/other']]));
    await eventually(() => expect(asks.filter(({ follower }) => follower === one.ask.follower).length).toBeGreaterThan(1));
    one.client.close();
    await eventually(() => expect(asks.find(({ follower, ttlMs }) => follower === one.ask.follower && ttlMs === 0)).toBeDefined());
    expect(await tell(one.ask, ['/one'])).toBe(0);
    await tell(other.ask, ['/still']);
    await eventually(() => expect(other.client.named('request').map(({ path }) => path)).toEqual(['/other', '/still']));
  });

  it('lets no more through than the follower asked for, and says how many it left out', async () => {
    const { client, ask } = await follow('?rate=10');
    await tell(
      ask,
      Array.from({ length: 200 }, (_, n) => `/${n}`),
    );
    const left = (): number => client.named('dropped').reduce((sum, { count = 0 }) => sum + count, 0);
    await eventually(() => expect(client.named('request').length + left()).toBe(200));
    expect(client.named('request').length).toBeLessThan(20);
  });

  it('survives what is no batch', async () => {
    const { client, ask } = await follow();
    await torii.redis.publish(tailChannels(torii.keyPrefix).batches(ask.follower), 'no JSON');
    await torii.redis.publish(tailChannels(torii.keyPrefix).batches(ask.follower), '{"records":[{"path":1}],"dropped":0}');
    await tell(ask, ['/after']);
    await eventually(() => expect(client.named('request')).toMatchObject([{ path: '/after' }]));
  });

  it('is refused beyond the number of followers, and to keys without the scope', async () => {
    for (let follower = 0; follower < 3; follower += 1) await follow();
    const { status, body } = await torii.api.get('/api/v1/tail');
    expect({ status, body }).toMatchObject({ status: 503, body: { code: 'capacity.overloaded' } });
    expect((await torii.api.withKey(undefined).get('/api/v1/tail')).status).toBe(401);
    expect((await torii.api.withKey(await aKeyWith(torii, 'nodes:read')).get('/api/v1/tail')).status).toBe(403);
    const following = await torii.api.withKey(await aKeyWith(torii, 'traffic:read')).get('/api/v1/tail');
    expect(following).toMatchObject({ status: 503, body: { code: 'capacity.overloaded' } });
    expect((await torii.api.get('/api/v1/tail?status=9xx')).status).toBe(422);
  });

  it('says that Redis is away, and goes on when it is back', async () => {
    const { client, ask } = await follow();
    await own.stop();
    await eventually(() => expect(client.named('state').at(-1)).toMatchObject({ state: 'interrupted' }));
    expect(client.isEnded).toBe(false);
    await own.start();
    await eventually(() => expect(client.named('state').at(-1)).toMatchObject({ state: 'following', nodes: 1 }));
    await eventually(async () => expect(await tell(ask, ['/back'])).toBe(1));
    await eventually(() => expect(client.named('request').map(({ path }) => path)).toEqual(['/back']));
  });
});

describe('GET /api/v1/tail, for longer than it may', () => {
  it('ends, and says that it is to be asked for again', async () => {
    const short = await startControlPlane({ env: { TORII_TAIL_STREAM_MAX_MS: '200' } });
    try {
      const client = new ServerEvents<Event>(`${short.url}/api/v1/tail`, short.api.headers);
      await eventually(() => expect(client.isEnded).toBe(true));
      expect(client.events.at(-1)?.event).toBe('end');
    } finally {
      await short.close();
    }
  });
});
