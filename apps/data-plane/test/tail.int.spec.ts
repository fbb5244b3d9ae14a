import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { tailChannels } from '@torii/config-sync';
import { TailBatch, type TailFilter } from '@torii/contracts';
import { eventually, guest, testRedis } from '@torii/test-kit';
import { Redis } from 'ioredis';
import { aPlugin, aRoute, TestNode } from './a-node.js';

const bus = testRedis();
const channels = tailChannels(bus.keyPrefix);
const node = new TestNode(bus);
const redis = new Redis(bus.url);
/** Few, so that a slow machine, too, sends more. */
const recordsPerSecond = 5;

/** Stands for a control plane: announces itself, and keeps what the node tells it. */
class Follower {
  readonly id = randomUUID();
  readonly records: TailBatch['records'] = [];
  dropped = 0;
  private readonly subscriber = new Redis(bus.url);

  async follow(filter: TailFilter = {}, ttlMs = 60_000): Promise<void> {
    this.subscriber.on('message', (_channel, text) => {
      const batch = TailBatch.parse(JSON.parse(text));
      this.records.push(...batch.records);
      this.dropped += batch.dropped;
    });
    await this.subscriber.subscribe(channels.batches(this.id));
    await eventually(async () => expect(await this.announce(filter, ttlMs)).toBe(1));
  }

  announce(filter: TailFilter, ttlMs: number): Promise<number> {
    return redis.publish(channels.asks, JSON.stringify({ follower: this.id, filter, ttlMs }));
  }

  get paths(): string[] {
    return this.records.map(({ path }) => path);
  }

  async leave(): Promise<void> {
    await this.announce({}, 0);
    this.subscriber.disconnect();
  }
}

const followers: Follower[] = [];

async function aFollower(filter?: TailFilter, ttlMs?: number): Promise<Follower> {
  const follower = new Follower();
  followers.push(follower);
  await follower.follow(filter, ttlMs);
  return follower;
}

const call = async (pathAndQuery: string, init: RequestInit = {}): Promise<number> => {
  const response = await fetch(`${node.proxyUrl}${pathAndQuery}`, init);
  await response.arrayBuffer();
  return response.status;
};

/** Asks until all of these followers have heard of a request of their own. */
async function heard(path: string, ...by: Follower[]): Promise<void> {
  await eventually(async () => {
    await call(path);
    for (const follower of by) expect(follower.paths).toContain(path);
  });
}

describe('the live tail of a node', () => {
  beforeAll(async () => {
    await node.start({ TORII_DATA_THREADS: '2', TORII_TAIL_RECORDS_PER_S: String(2 * recordsPerSecond) });
    const hello = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello', version: 3 });
    const trap = aPlugin(node.artifacts.add(await guest('trap')), { name: 'trap' });
    await node.apply([hello, trap], [aRoute(hello, '/hello'), aRoute(hello, '/again'), aRoute(trap, '/trap')]);
  });
  afterEach(async () => {
    await Promise.all(followers.splice(0).map((follower) => follower.leave()));
  });
  afterAll(async () => {
    redis.disconnect();
    await node.stop();
  });

  it('tells each follower of the requests it wants, and of no others', async () => {
    const [byRoute, byPlugin, byOther, byStatus, byText] = await Promise.all([
      aFollower({ route: 'route-again' }),
      aFollower({ plugin: 'hello', version: 3 }),
      aFollower({ plugin: 'hello', version: 2 }),
      aFollower({ statuses: ['5xx', '404'] }),
      aFollower({ text: 'NOWHERE' }),
    ]);
    await heard('/again', byRoute, byPlugin);
    await heard('/hello', byPlugin);
    await heard('/trap', byStatus);
    await heard('/nowhere', byStatus, byText);
    expect(new Set(byRoute.paths)).toEqual(new Set(['/again']));
    expect(new Set(byPlugin.paths)).toEqual(new Set(['/again', '/hello']));
    expect(new Set(byStatus.paths)).toEqual(new Set(['/trap', '/nowhere']));
    expect(new Set(byText.paths)).toEqual(new Set(['/nowhere']));
    expect(byOther.paths).toEqual([]);
    expect(byStatus.records.find(({ path }) => path === '/trap')).toMatchObject({
      method: 'GET',
      status: 502,
      route: 'route-trap',
      plugin: 'trap',
      pluginVersion: 1,
      code: 'plugin.trapped',
      owner: 'plugin',
      nodeId: expect.stringMatching(/^nd_/),
      durationMs: expect.any(Number),
    });
  });

  it('tells nothing of queries, headers and bodies', async () => {
    const follower = await aFollower({ text: '/hello/private' });
    const init = { method: 'POST', headers: { authorization: 'Bearer hunter2', cookie: 'sid=hunter2', 'x-any': 'hunter2' }, body: 'hunter2' };
    await eventually(async () => {
      await call('/hello/private?token=hunter2', init);
      expect(follower.records).not.toEqual([]);
    });
    expect(JSON.stringify(follower.records)).not.toContain('hunter2');
    expect(follower.paths).toContain('/hello/private');
  });

  it('forgets a follower that is not announced again, and one that has gone', async () => {
    const [late, gone, stays] = await Promise.all([
      aFollower({ text: '/hello/f' }, 300),
      aFollower({ text: '/hello/f' }),
      aFollower({ text: '/hello/f' }),
    ]);
    await heard('/hello/f', stays);
    await gone.announce({}, 0);
    // Once a second the node looks for who is late.
    let turn = 0;
    await eventually(async () => {
      const before = [late, gone].map(({ records }) => records.length);
      turn += 1;
      await heard(`/hello/f/${turn}`, stays);
      expect([late, gone].map(({ records }) => records.length)).toEqual(before);
    });
  });

  it('tells no more than its bound, and says how many it left out', async () => {
    const follower = await aFollower({ text: '/hello/many' });
    await heard('/hello/many', follower);
    const before = follower.records.length + follower.dropped;
    const requests = 200;
    const startedAtMs = performance.now();
    for (let sent = 0; sent < requests; sent += 20) await Promise.all(Array.from({ length: 20 }, () => call('/hello/many')));
    const seconds = (performance.now() - startedAtMs) / 1_000;
    // What was under way before may have come in between.
    await eventually(() => expect(follower.records.length + follower.dropped).toBeGreaterThanOrEqual(before + requests));
    expect(follower.dropped).toBeGreaterThan(0);
    // For each of two threads: a burst of a second's worth, and then its rate.
    expect(follower.records.length).toBeLessThanOrEqual(before + 2 * recordsPerSecond * (seconds + 2));
  });

  it('goes on serving, and listening, when it is told what it cannot read', async () => {
    await redis.publish(channels.asks, 'no JSON');
    await redis.publish(channels.asks, JSON.stringify({ follower: 'x', filter: { unheardOf: 1 }, ttlMs: 1_000 }));
    const follower = await aFollower({ text: '/hello/after' });
    await heard('/hello/after', follower);
  });
});
