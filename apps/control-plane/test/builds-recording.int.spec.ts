import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Build, BuildOutcome } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { type BuilderOptions, TestBuilder } from './support/a-builder.js';
import type { ApiClient } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';
import { aFunction, over } from './support/function-builds.js';

let torii: TestControlPlane;
let api: ApiClient;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
});
afterAll(() => torii?.close());
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

async function aBuilder(options: BuilderOptions = {}): Promise<TestBuilder> {
  const builder = await TestBuilder.start(torii, options);
  open.push({ close: () => builder.stop() });
  return builder;
}

const build = (name: string, version = 'dev', headers = {}) => api.send<Build>('POST', `/api/v1/functions/${name}/builds`, { version }, headers);

const jobKey = ({ id }: Build): string => `{${torii.keyPrefix}-q}:build-javascript:${id}`;

/** Holds the row of a function; answers what lets it go, once so many wait for a lock. */
async function holdFunction(name: string) {
  const client = await torii.database.connect();
  await client.query('BEGIN');
  await client.query('SELECT 1 FROM functions WHERE name = $1 FOR UPDATE', [name]);
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  return {
    // On a connection of its own: within one transaction this view shows the connections of when it was first looked at.
    untilWaiting: (count: number) => eventually(async () => expect((await torii.database.query(waiting)).rowCount).toBe(count)),
    release: async () => {
      await client.query('COMMIT');
      client.release();
    },
  };
}

describe('what is asked for at the same time', () => {
  it('is one build for one Idempotency-Key', async () => {
    await aFunction(api, 'twice');
    const held = await holdFunction('twice');
    const asked = [1, 2].map(() => build('twice', '1.0.0', { 'idempotency-key': 'the-same' }));
    await held.untilWaiting(2).finally(held.release);
    const [first, second] = await Promise.all(asked);
    expect([first?.status, second?.status]).toEqual([202, 202]);
    expect(second?.body.id).toBe(first?.body.id);
  });

  it('is one build of a release, and a conflict', async () => {
    await aFunction(api, 'release');
    const held = await holdFunction('release');
    const asked = [1, 2, 3].map(() => build('release', '1.0.0'));
    await held.untilWaiting(3).finally(held.release);
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    expect(statuses.sort()).toEqual([202, 409, 409]);
  });
});

describe('the order of builds of a function', () => {
  it('is that in which they were asked for, also when a clock runs behind', async () => {
    await aFunction(api, 'ordered');
    const first = (await build('ordered', '1.0.0')).body;
    await torii.database.query("UPDATE builds SET created_at = created_at + interval '1 minute' WHERE id = $1", [first.id]);
    const second = (await build('ordered', '1.0.1')).body;
    expect(await torii.redis.exists(jobKey(second))).toBe(0); // not its turn
    const builder = await aBuilder();
    await over(api, second);
    expect(builder.taken.filter((id) => [first.id, second.id].some((one) => one === id))).toEqual([first.id, second.id]);
  });
});

describe('a build of dev', () => {
  it('is begun anew when the one that asks for the same was just told to end', async () => {
    await aFunction(api, 'again');
    let isReleased = false;
    open.push({
      close: () => {
        isReleased = true;
      },
    });
    await aBuilder({
      work: async (taken, one): Promise<BuildOutcome> => {
        if (isReleased) return one.succeed(taken);
        await eventually(() => isReleased, { timeoutMs: 120_000 });
        return { status: 'cancelled', timings: {}, warnings: [], attempts: 1 };
      },
    });
    const first = (await build('again')).body;
    await eventually(async () => expect(await api.get(`/api/v1/builds/${first.id}`)).toMatchObject({ body: { status: 'running' } }));
    // As it is until the control plane has heard of it.
    await torii.database.query("UPDATE builds SET status = 'queued', stage = 'queued' WHERE id = $1", [first.id]);
    expect(await api.send<Build>('POST', `/api/v1/builds/${first.id}/cancel`)).toMatchObject({ status: 202, body: { status: 'running' } });
    const second = await build('again');
    isReleased = true;
    expect(second.status).toBe(202);
    expect(await over(api, first)).toMatchObject({ status: 'cancelled' });
    expect(await over(api, second.body)).toMatchObject({ status: 'succeeded' });
  });
});

describe('the queue', () => {
  // The one that is there does so too, within its 15 seconds: see builds-waiting.long.spec.ts.
  it('forgets the job of a function that is deleted before a builder takes it, when a control plane starts', async () => {
    await aFunction(api, 'deleted');
    const { body } = await build('deleted');
    expect(await torii.redis.exists(jobKey(body))).toBe(1);
    expect(await api.send('DELETE', '/api/v1/functions/deleted')).toMatchObject({ status: 204 });
    open.push(await torii.startAnother());
    await eventually(async () => expect(await torii.redis.exists(jobKey(body))).toBe(0));
  });

  it('forgets a job whose end was recorded by a control plane that died before it took the job away', async () => {
    await aFunction(api, 'left');
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    await aBuilder({
      work: async (): Promise<BuildOutcome> => {
        await finished;
        return { status: 'cancelled', timings: {}, warnings: [], attempts: 1 };
      },
    });
    const { body } = await build('left');
    await eventually(async () => expect(await api.get(`/api/v1/builds/${body.id}`)).toMatchObject({ body: { status: 'running' } }));
    // Nobody is there who would hear of the end, which is recorded as if somebody had heard of it.
    await torii.stop();
    finish();
    await eventually(async () => expect(await torii.redis.hget(jobKey(body), 'finishedOn')).not.toBeNull());
    const outcome = JSON.stringify({ status: 'cancelled', timings: {}, warnings: [], attempts: 1 });
    await torii.database.query("UPDATE builds SET status = 'cancelled', stage = 'done', outcome = $2, log = '', finished_at = now() WHERE id = $1", [
      body.id,
      outcome,
    ]);
    const next = await torii.startAnother();
    open.push(next);
    await eventually(async () => expect(await torii.redis.exists(jobKey(body))).toBe(0));
  });
});
