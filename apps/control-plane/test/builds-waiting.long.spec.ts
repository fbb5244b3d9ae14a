import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Build } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { type BuilderOptions, TestBuilder } from './support/a-builder.js';
import { type ApiClient, aModule } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';
import { aFunction, over } from './support/function-builds.js';

let torii: TestControlPlane;
let api: ApiClient;
const open: { close(): unknown }[] = [];

beforeAll(async () => {
  torii = await startControlPlane({ env: { TORII_BUILD_PUBLISH_TIMEOUT_MS: '35000' } });
  api = torii.api;
}, 60_000);
afterAll(() => torii?.close(), 30_000);
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
}, 60_000);

async function aBuilder(options: BuilderOptions = {}): Promise<TestBuilder> {
  const builder = await TestBuilder.start(torii, options);
  open.push({ close: () => builder.stop() });
  return builder;
}

const build = (name: string, version = 'dev', headers = {}) => api.send<Build>('POST', `/api/v1/functions/${name}/builds`, { version }, headers);

describe('the queue', () => {
  it('forgets the job of a function that is deleted before a builder takes it', async () => {
    await aFunction(api, 'deleted');
    const { body } = await build('deleted');
    const key = `{${torii.keyPrefix}-q}:build-javascript:${body.id}`;
    expect(await torii.redis.exists(key)).toBe(1);
    expect(await api.send('DELETE', '/api/v1/functions/deleted')).toMatchObject({ status: 204 });
    await eventually(async () => expect(await torii.redis.exists(key)).toBe(0), { timeoutMs: 40_000 });
  }, 60_000);
});

describe('a version', () => {
  const followers = 11;

  it('is made though another write has held everything up for longer than a statement may take', async () => {
    await aFunction(api, 'patient');
    const client = await torii.database.connect();
    const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%config_state%'";
    // On a connection of its own: within one transaction this view shows the queries of when it was first looked at.
    const isWaitedFor = async (): Promise<boolean> => (await torii.database.query(waiting)).rowCount !== 0;
    const { body } = await build('patient');
    try {
      await client.query('BEGIN');
      await client.query('SELECT 1 FROM config_state FOR UPDATE');
      await aBuilder();
      await eventually(isWaitedFor, { timeoutMs: 15_000 });
      await eventually(async () => !(await isWaitedFor()), { timeoutMs: 45_000 });
    } finally {
      await client.query('COMMIT');
      client.release();
    }
    expect(await over(api, body)).toMatchObject({ status: 'succeeded' });
  }, 90_000);

  /** A function that plugins follow, whose new versions take the database some time each. */
  async function aFollowedFunction(name: string, secondsPerFollower: number): Promise<void> {
    await aFunction(api, name);
    await over(api, (await build(name)).body);
    const source = { kind: 'function', name, version: 'dev' };
    for (let index = 0; index < followers; index += 1) {
      expect(await api.send('PUT', `/api/v1/plugins/${name}-${index}`, { source, functionName: 'handle' })).toMatchObject({ status: 201 });
    }
    await torii.database.query(`
      CREATE OR REPLACE FUNCTION linger() RETURNS trigger AS 'BEGIN PERFORM pg_sleep(${secondsPerFollower}); RETURN NEW; END' LANGUAGE plpgsql;
      CREATE OR REPLACE TRIGGER linger BEFORE INSERT ON plugin_versions FOR EACH ROW EXECUTE FUNCTION linger()`);
    open.push({ close: () => torii.database.query('DROP TRIGGER IF EXISTS linger ON plugin_versions') });
    await aFunction(api, name, 'two');
  }

  it('is given to all plugins that follow it, though that takes longer than other writes may', async () => {
    let made = 0;
    await aBuilder({ work: async (taken, one) => one.succeed(taken, await aModule(`(global i32 (i32.const ${++made}))`)) });
    await aFollowedFunction('popular', 2);
    const { followers: told, ...ended } = await over(api, (await build('popular')).body);
    expect(ended).toMatchObject({ status: 'succeeded' });
    expect(told.filter(({ outcome }) => outcome === 'updated')).toHaveLength(followers);
  }, 90_000);

  it('that cannot be given to them in time ends its build, and keeps no other from being made', async () => {
    let made = 100;
    await aBuilder({ work: async (taken, one) => one.succeed(taken, await aModule(`(global i32 (i32.const ${++made}))`)) });
    await aFollowedFunction('crowded', 4);
    const { body } = await build('crowded');
    expect(await over(api, body)).toMatchObject({
      status: 'failed',
      error: { code: 'build.internal', detail: expect.stringContaining('fewer plugins') },
    });
    expect(await api.get('/api/v1/functions/crowded/versions/dev')).toMatchObject({
      status: 200,
      body: { buildId: expect.not.stringMatching(body.id) },
    });
    expect(await over(api, (await build('crowded', '1.0.0')).body)).toMatchObject({ status: 'succeeded' });
  }, 120_000);
});
