import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Build, BuildOutcome, List, Plugin } from '@torii/contracts';
import { eventually, type OwnRedis, startOwnRedis } from '@torii/test-kit';
import { type BuilderOptions, TestBuilder } from './support/a-builder.js';
import { type ApiClient, aModule } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';
import { EventStreamClient } from './support/event-stream-client.js';
import { aFunction, over } from './support/function-builds.js';

let ownRedis: OwnRedis;
let torii: TestControlPlane;
let api: ApiClient;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  ownRedis = await startOwnRedis();
  torii = await startControlPlane({ redisUrl: ownRedis.url });
  api = torii.api;
});
afterAll(async () => {
  await torii?.close();
  await ownRedis?.stop({ loseData: true });
});
afterEach(async () => {
  await ownRedis.start();
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function aBuilder(options: BuilderOptions = {}): Promise<TestBuilder> {
  const builder = await TestBuilder.start(torii, options);
  open.push({ close: () => builder.stop() });
  return builder;
}

async function build(name: string, version = 'dev', by: ApiClient = api): Promise<Build> {
  const { status, body } = await by.send<Build>('POST', `/api/v1/functions/${name}/builds`, { version });
  expect({ status, body }).toMatchObject({ status: 202 });
  return body;
}

async function begun({ id }: Build): Promise<void> {
  await eventually(async () => expect(await api.get(`/api/v1/builds/${id}`)).toMatchObject({ body: { status: 'running' } }));
}

/** Work that waits until a test lets it go on. */
function gate() {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const work: BuilderOptions['work'] = async (taken, builder) => {
    await released;
    return builder.succeed(taken);
  };
  return { work, release: () => release() };
}

describe('the queue', () => {
  it('builds each function in order, and lets functions take turns: 50 builds of 3', async () => {
    const functions = ['many', 'some', 'few'];
    for (const name of functions) await aFunction(api, name);
    const counts = [30, 12, 8];
    const asked: Build[] = [];
    for (const [index, name] of functions.entries()) {
      for (let patch = 0; patch < (counts[index] ?? 0); patch += 1) asked.push(await build(name, `1.0.${patch}`));
    }
    const byId = new Map(asked.map((one) => [one.id as string, one]));
    const builder = await aBuilder();
    await eventually(() => expect(builder.taken).toHaveLength(50));
    await eventually(async () => {
      const { body } = await api.get<List<Build>>('/api/v1/builds?status=succeeded&limit=500');
      expect(body.items).toHaveLength(50);
    });
    const order = builder.taken.map((id) => byId.get(id)?.function ?? '');
    for (const name of functions) {
      const versions = builder.taken.filter((id) => byId.get(id)?.function === name).map((id) => byId.get(id)?.version);
      expect(versions).toEqual(versions.map((_, index) => `1.0.${index}`));
    }
    // While all three have builds waiting, no function is built more than once more than another.
    for (const length of [3, 9, 15, 21]) {
      const turns = functions.map((name) => order.slice(0, length).filter((one) => one === name).length);
      expect(Math.max(...turns) - Math.min(...turns)).toBeLessThanOrEqual(2);
    }
  });

  it('loses nothing when Redis comes back empty, before, while and after a build is done', async () => {
    await aFunction(api, 'flushed');
    const waiting = await build('flushed', '1.0.0');
    await ownRedis.stop({ loseData: true });
    await ownRedis.start();
    const held = gate();
    const first = await aBuilder({ work: held.work });
    await eventually(() => expect(first.taken).toEqual([waiting.id]));
    await ownRedis.stop({ loseData: true });
    await ownRedis.start();
    held.release();
    const second = await aBuilder();
    expect(await over(api, waiting)).toMatchObject({ status: 'succeeded' });
    expect([...first.taken, ...second.taken].length).toBeGreaterThan(1);
  });

  it('ends a build that was to be cancelled although Redis forgot it, the wish or the whole build', async () => {
    const cancellation = (id: string): string => `{${torii.keyPrefix}-q}:cancellation:${id}`;
    const isAskedToEnd = (id: string) => eventually(async () => (await torii.redis.exists(cancellation(id))) === 1);
    let hasForgotten = false;
    await aBuilder({
      work: async (taken) => {
        await isAskedToEnd(taken.job.buildId);
        await torii.redis.del(cancellation(taken.job.buildId)); // as if it were a Redis of some seconds ago
        hasForgotten = true;
        await taken.stage('verifying');
        await isAskedToEnd(taken.job.buildId);
        return { status: 'cancelled', timings: {}, warnings: [], attempts: 1 };
      },
    });
    await aFunction(api, 'unwanted');
    const first = await build('unwanted', '1.0.0');
    await begun(first);
    expect(await api.send('POST', `/api/v1/builds/${first.id}/cancel`)).toMatchObject({ status: 202 });
    expect(await over(api, first)).toMatchObject({ status: 'cancelled' });
    expect(hasForgotten).toBe(true);

    await Promise.all(open.splice(0).map((one) => one.close()));
    const held = gate();
    await aBuilder({ work: held.work });
    const second = await build('unwanted', '1.0.0');
    await begun(second);
    expect(await api.send('POST', `/api/v1/builds/${second.id}/cancel`)).toMatchObject({ status: 202 });
    await ownRedis.stop({ loseData: true });
    await ownRedis.start();
    expect(await over(api, second)).toMatchObject({ status: 'cancelled' });
    held.release();
  });

  it('takes builds while Redis is away, and builds them when it is back', async () => {
    await aFunction(api, 'patient');
    await ownRedis.stop();
    const asked = await build('patient');
    expect(await api.send('POST', `/api/v1/builds/${asked.id}/cancel`)).toMatchObject({ status: 503, body: { code: 'platform.redis' } });
    expect(await api.get(`/api/v1/builds/${asked.id}/log`)).toMatchObject({ status: 503 });
    await ownRedis.start();
    await aBuilder();
    expect(await over(api, asked)).toMatchObject({ status: 'succeeded' });
  });

  it('ends the stream of a log when Redis goes, and the client goes on where it was', async () => {
    await aFunction(api, 'streamed');
    let isOver = false;
    await aBuilder({
      // What it says as Redis comes back may get lost, and with it the build, which is then begun again.
      hold: { lockMs: 6_000, lockRenewalMs: 1_000, stalledIntervalMs: 1_000 },
      work: async (taken, builder) => {
        await builder.say(taken, 'one');
        await eventually(() => isOver, { timeoutMs: 120_000 });
        await builder.say(taken, 'two');
        return builder.succeed(taken);
      },
    });
    const { id } = await build('streamed');
    const url = `${torii.url}/api/v1/builds/${id}/log`;
    const first = new EventStreamClient(url, api.headers);
    await eventually(() => expect(first.lines).toEqual(['one']));
    await ownRedis.stop();
    await eventually(() => expect(first.isEnded).toBe(true));
    await ownRedis.start();
    isOver = true;
    const second = await eventually(
      async () => {
        const client = new EventStreamClient(url, api.headers, first.events.at(-1)?.id);
        await eventually(() => client.isEnded, { timeoutMs: 30_000 });
        expect(client.events.at(-1)).toMatchObject({ event: 'end' });
        return client;
      },
      { timeoutMs: 60_000 },
    );
    expect(second.lines).toContain('two');
    expect(second.events.map(({ id }) => id)).not.toContain(first.events.at(-1)?.id);
  });
});

describe('control planes', () => {
  it('record a build once, however many there are', async () => {
    await aFunction(api, 'watched');
    const others = [await torii.startAnother(), await torii.startAnother()];
    open.push(...others);
    let made = 0;
    await aBuilder({ work: async (taken, builder) => builder.succeed(taken, await aModule(`(global i32 (i32.const ${++made}))`)) });
    const first = await over(api, await build('watched'));
    expect(first).toMatchObject({ status: 'succeeded' });
    const source = { kind: 'function', name: 'watched', version: 'dev' };
    await api.send('PUT', '/api/v1/plugins/watcher', { source, functionName: 'handle' });
    for (let index = 0; index < 5; index += 1) {
      await aFunction(api, 'watched', `source ${index}`);
      const { followers } = await over(others[0]?.api ?? api, await build('watched', 'dev', others[index % 2]?.api));
      expect(followers).toMatchObject([{ outcome: 'updated', version: index + 2 }]);
    }
    expect((await api.get<Plugin>('/api/v1/plugins/watcher')).body.version).toBe(6);
    const { rows } = await torii.database.query("SELECT count(*)::int AS n FROM audit WHERE action = 'publish' AND entity_name = 'watched'");
    expect(rows[0].n).toBe(6);
  });

  it('record, when they start, what was built while none was there', async () => {
    await aFunction(api, 'orphan');
    const held = gate();
    const builder = await aBuilder({ work: held.work });
    const [first, second] = [await build('orphan', '1.0.0'), await build('orphan', '1.0.1')];
    await eventually(() => expect(builder.taken).toEqual([first.id]));
    const stored = await builder.succeed({ job: { sourceSha256: 'x' }, attempts: 1 } as never); // needs a control plane
    await torii.stop();
    const key = `{${torii.keyPrefix}-q}:build-javascript:${first.id}`;
    // The module is stored already: the builder only has to say so.
    Object.assign(builder, { succeed: async (): Promise<BuildOutcome> => stored });
    held.release();
    await eventually(async () => expect(await torii.redis.hget(key, 'finishedOn')).not.toBeNull());
    const another = await torii.startAnother();
    open.push(another);
    expect(await over(another.api, first)).toMatchObject({ status: 'succeeded' });
    expect(await over(another.api, second)).toMatchObject({ status: 'succeeded' });
    await eventually(async () => expect(await torii.redis.exists(key)).toBe(0));
  });
});
