import { createHash, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Build, BuildOutcome, List, Plugin } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { describeLanguages } from './builds/languages.js';
import { describeLog } from './builds/log.js';
import { describeRuns } from './builds/runs.js';
import { TestBuilder } from './support/a-builder.js';
import { type ApiClient, aModule, importMapGet } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;
const builders: TestBuilder[] = [];

beforeAll(async () => {
  torii = await startControlPlane({
    env: {
      TORII_BUILDS_QUEUED_PER_FUNCTION: '3',
      TORII_BUILDS_QUEUED_MAX: '8',
      TORII_BUILDS_KEPT_PER_FUNCTION: '4',
      TORII_BUILD_CACHE_ENTRIES: '3',
      TORII_BUILD_LOG_STREAMS: '2',
    },
  });
  api = torii.api;
});
afterAll(() => torii?.close());
afterEach(async () => {
  await Promise.all(builders.splice(0).map((builder) => builder.stop()));
  // What a test has left in the queue would be built by the builder of another.
  for (const { id } of await unfinished()) await api.send('POST', `/api/v1/builds/${id}/cancel`);
});

async function aBuilder(...args: Parameters<typeof TestBuilder.start> extends [unknown, ...infer Rest] ? Rest : never): Promise<TestBuilder> {
  const builder = await TestBuilder.start(torii, ...args);
  builders.push(builder);
  return builder;
}

async function unfinished(): Promise<Build[]> {
  const pages = await Promise.all(['queued', 'running'].map((status) => api.get<List<Build>>(`/api/v1/builds?status=${status}`)));
  return pages.flatMap(({ body }) => body.items);
}

let names = 0;
const aName = (): string => `fn-${++names}`;

async function aFunction(source = 'one', name = aName()): Promise<string> {
  const files = [{ path: 'index.js', content: `// ${source}\n` }];
  const { status } = await api.send('PUT', `/api/v1/functions/${name}`, { language: 'javascript', files });
  expect([200, 201]).toContain(status);
  return name;
}

const build = (name: string, body: object = {}, query = '') => api.send<Build>('POST', `/api/v1/functions/${name}/builds${query}`, body);
const built = (name: string, body: object = {}) => build(name, body, '?wait=finished&timeout=60s');

/** The build as it is, once it is over. */
function over({ id }: Build): Promise<Build> {
  return eventually(async () => {
    const { body } = await api.get<Build>(`/api/v1/builds/${id}`);
    expect(['succeeded', 'failed', 'cancelled']).toContain(body.status);
    return body;
  });
}

describe('a build that cannot be had', () => {
  it('is answered 404 for a function or a build that is not there', async () => {
    expect(await build('nobody')).toMatchObject({ status: 404, body: { code: 'client.not_found' } });
    expect(await api.get('/api/v1/functions/nobody/builds')).toMatchObject({ status: 404 });
    for (const path of ['/api/v1/builds/bd_x', '/api/v1/builds/bd_x/log']) expect(await api.get(path)).toMatchObject({ status: 404 });
    expect(await api.send('POST', '/api/v1/builds/bd_x/cancel')).toMatchObject({ status: 404 });
    expect(await api.get('/api/v1/builds/bd_x/log', { accept: 'text/event-stream' })).toMatchObject({ status: 404 });
  });

  it('is answered 400, 415 or 422 for a request that is not as it should be, with a pointer', async () => {
    const name = await aFunction();
    const path = `/api/v1/functions/${name}/builds`;
    expect(await api.send('POST', path, '{', { 'content-type': 'application/json' })).toMatchObject({ status: 400 });
    expect(await api.send('POST', path, 'x', { 'content-type': 'text/plain' })).toMatchObject({ status: 415 });
    expect(await build(name, { version: 'latest' })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/version' }] } });
    expect(await build(name, { versoin: '1.0.0' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/versoin', code: 'unknown_field' }] },
    });
    expect(await build(name, {}, '?timeout=5s')).toMatchObject({ status: 422, body: { errors: [{ pointer: '?timeout' }] } });
    expect(await build(name, {}, '?wait=applied')).toMatchObject({ status: 422, body: { errors: [{ pointer: '?wait' }] } });
    expect(await api.get('/api/v1/builds?status=lost')).toMatchObject({ status: 422, body: { errors: [{ pointer: '?status' }] } });
    expect(await unfinished()).toEqual([]);
  });

  it('is answered 401 and 403 to those who may not', async () => {
    const name = await aFunction();
    const key = `torii_${randomUUID()}`;
    const hash = createHash('sha256').update(key).digest('hex');
    const values = [`key_${randomUUID()}`, hash, 'torii_', ['builds:read']];
    await torii.database.query('INSERT INTO admin_keys (id, name, hash, prefix, scopes, created_at) VALUES ($1, $1, $2, $3, $4, now())', values);
    const reader = api.withKey(key);
    expect(await reader.get('/api/v1/builds')).toMatchObject({ status: 200 });
    expect(await reader.send('POST', `/api/v1/functions/${name}/builds`, {})).toMatchObject({ status: 403, body: { code: 'client.forbidden' } });
    expect(await reader.send('POST', '/api/v1/builds/bd_x/cancel')).toMatchObject({ status: 403 });
    expect(await api.withKey(undefined).get('/api/v1/builds')).toMatchObject({ status: 401 });
    for (const path of ['/internal/sources/x', '/internal/build-cache/x']) expect(await api.get(path)).toMatchObject({ status: 401 });
    expect(await api.send('PUT', '/internal/artifacts/x', await aModule(), { 'content-type': 'application/wasm' })).toMatchObject({ status: 401 });
  });

  it('is answered 422 with what to do when no builder that is alive has the language', async () => {
    await aBuilder({ languages: [{ name: 'javascript', available: false, reason: 'the engine is missing: install it' }] });
    const answer = await build(await aFunction());
    expect(answer).toMatchObject({ status: 422, body: { detail: expect.stringMatching(/build\.toolchain_missing.*JavaScript.*install it/) } });
  });

  it('is answered 409 when the release is there, or on its way', async () => {
    const name = await aFunction();
    const first = await build(name, { version: '1.0.0' });
    expect(await build(name, { version: '1.0.0' })).toMatchObject({ status: 409, body: { detail: expect.stringContaining(first.body.id) } });
    await aBuilder();
    expect(await over(first.body)).toMatchObject({ status: 'succeeded' });
    expect(await build(name, { version: '1.0.0' })).toMatchObject({ status: 409, body: { errors: [{ pointer: '/version' }] } });
  });

  it('is answered 503 with a time to come back when too many wait, of one function or in all', async () => {
    const [first, second, third] = [await aFunction(), await aFunction(), await aFunction()];
    for (const name of [first, second]) for (const version of ['1.0.0', '1.0.1', '1.0.2']) expect((await build(name, { version })).status).toBe(202);
    const refused = await build(first, { version: '1.0.3' });
    expect(refused).toMatchObject({ status: 503, body: { code: 'capacity.overloaded', detail: expect.stringContaining('3 builds') } });
    expect(refused.headers.get('retry-after')).toBe('5');
    for (const version of ['1.0.0', '1.0.1']) expect((await build(third, { version })).status).toBe(202);
    expect(await build(third, { version: '1.0.2' })).toMatchObject({ status: 503, body: { detail: expect.stringContaining('8 builds') } });
  });
});

describe('a build', () => {
  it('waits for a builder, and says so, when none is alive', async () => {
    const { status, headers, body } = await build(await aFunction());
    expect({ status, state: body.status, stage: body.stage, version: body.version }).toEqual({
      status: 202,
      state: 'queued',
      stage: 'queued',
      version: 'dev',
    });
    expect(headers.get('location')).toBe(`/api/v1/builds/${body.id}`);
    expect((await api.get<string>(`/api/v1/builds/${body.id}/log`)).body).toContain('no builder is alive');
    await aBuilder();
    expect(await over(body)).toMatchObject({ status: 'succeeded', attempts: 1, error: null, toolchain: { engine: '1.0.0' } });
  });

  it('makes a version, and is answered whole to who waits for it', async () => {
    await aBuilder();
    const name = await aFunction();
    const { status, body } = await built(name);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      function: name,
      status: 'succeeded',
      stage: 'done',
      cached: false,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(await api.get(`/api/v1/functions/${name}/versions/dev`)).toMatchObject({ status: 200, body: { sha256: body.sha256, buildId: body.id } });
  });

  it('is answered 202 as it is when it is not over in time', async () => {
    expect(await build(await aFunction(), {}, '?wait=finished&timeout=50ms')).toMatchObject({ status: 202, body: { status: 'queued' } });
  });

  it('needs no body, and is done once for one Idempotency-Key', async () => {
    const name = await aFunction();
    const post = (body?: object) => api.send<Build>('POST', `/api/v1/functions/${name}/builds`, body, { 'idempotency-key': `key-${name}` });
    const first = await post();
    expect(first.status).toBe(202);
    await build(await aFunction('another', name));
    expect((await post()).body.id).toBe(first.body.id);
    expect(await post({ version: '1.0.0' })).toMatchObject({ status: 409 });
  });

  it('that asks for what the last one asks for is answered as that one while it waits', async () => {
    const name = await aFunction('one');
    const first = await build(name);
    const same = await build(name);
    expect([same.status, same.body.id]).toEqual([200, first.body.id]);
    await aFunction('two', name);
    const second = await build(name);
    expect([second.status, second.body.id === first.body.id]).toEqual([202, false]);
    await aFunction('one', name); // taken back: the last build must be of it
    const third = await build(name);
    expect([third.status, third.body.id === first.body.id]).toEqual([202, false]);
  });

  it('gives the plugins that follow it a new version, and says which could not take it', async () => {
    let module = await aModule();
    await aBuilder({ work: (taken, builder) => builder.succeed(taken, module) });
    const name = await aFunction();
    await built(name);
    const source = { kind: 'function', name, version: 'dev' };
    expect(await api.send<Plugin>('PUT', `/api/v1/plugins/of-${name}`, { source, functionName: 'handle' })).toMatchObject({ status: 201 });
    module = await aModule('(global i32 (i32.const 7))');
    expect((await built(await aFunction('two', name))).body.followers).toMatchObject([{ name: `of-${name}`, outcome: 'updated', version: 2 }]);
    module = await aModule(importMapGet);
    const refused = await built(await aFunction('three', name));
    expect(refused.body).toMatchObject({
      status: 'succeeded',
      followers: [{ outcome: 'refused', detail: expect.stringContaining('plugin_map:read') }],
    });
    expect(await api.get<Plugin>(`/api/v1/plugins/of-${name}`)).toMatchObject({ body: { version: 2 } });
  });

  it('is listed with others, the newest first, by function, status and language', async () => {
    const [one, other] = [await aFunction(), await aFunction()];
    const ids = [(await build(one, { version: '1.0.0' })).body.id, (await build(one, { version: '1.0.1' })).body.id];
    await build(other);
    const list = async (path: string) => (await api.get<List<Build>>(path)).body;
    expect((await list(`/api/v1/functions/${one}/builds`)).items.map(({ id }) => id)).toEqual([...ids].reverse());
    expect((await list('/api/v1/builds?status=queued&language=javascript')).items.map((item) => item.function)).toEqual([other, one, one]);
    expect((await list('/api/v1/builds?status=queued&language=go')).items).toEqual([]);
    const page = await list(`/api/v1/functions/${one}/builds?limit=1`);
    const next = await list(`/api/v1/functions/${one}/builds?limit=1&cursor=${page.nextCursor}`);
    expect([...page.items, ...next.items].map(({ id }) => id)).toEqual([...ids].reverse());
    expect(next.nextCursor).toBeNull();
  });
});

describe('a build that fails', () => {
  const failing = (message: string): BuildOutcome => ({
    status: 'failed',
    error: { code: 'build.compile_failed', detail: message, diagnostics: [{ severity: 'error', message, file: 'index.js', line: 2 }] },
    toolchain: null,
    timings: {},
    warnings: [],
    attempts: 1,
  });

  it('says what is wrong and where, also where a message holds what the database cannot', async () => {
    await aBuilder({ work: async () => failing('unexpected \0 and \ud800') });
    const name = await aFunction();
    const { status, body } = await built(name);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'failed',
      sha256: null,
      error: { code: 'build.compile_failed', diagnostics: [{ file: 'index.js', line: 2 }] },
    });
    expect(body.error?.detail).toBe('unexpected \u{fffd} and \u{fffd}');
    expect(await api.get(`/api/v1/functions/${name}/versions/dev`)).toMatchObject({ status: 404 });
  });

  it('through a fault of ours is tried three times, and then says so', async () => {
    const builder = await aBuilder({ work: () => Promise.reject(new Error('the disk is full')) });
    const { body } = await built(await aFunction());
    expect(body).toMatchObject({
      status: 'failed',
      attempts: 3,
      error: { code: 'build.internal', detail: expect.stringContaining('the disk is full') },
    });
    expect(builder.taken).toHaveLength(3);
  });

  it('when a builder says it made a module that nobody stored, is failed, and the next one gets its turn', async () => {
    await aBuilder({
      work: async (taken, builder) => {
        const outcome = await builder.succeed(taken);
        return taken.job.version === '1.0.0' ? ({ ...outcome, sha256: 'f'.repeat(64) } as BuildOutcome) : outcome;
      },
    });
    const name = await aFunction();
    const [lost, next] = [await build(name, { version: '1.0.0' }), await build(name, { version: '1.0.1' })];
    expect(await over(lost.body)).toMatchObject({
      status: 'failed',
      error: { code: 'build.internal', detail: expect.stringContaining('not stored') },
    });
    expect(await over(next.body)).toMatchObject({ status: 'succeeded' });
  });
});

describe('cancelling', () => {
  it('ends a build at once that has not begun, and the next one gets its turn', async () => {
    const name = await aFunction();
    const [first, second] = [await build(name, { version: '1.0.0' }), await build(name, { version: '1.0.1' })];
    for (const { body } of [second, first]) {
      expect(await api.send<Build>('POST', `/api/v1/builds/${body.id}/cancel`)).toMatchObject({
        status: 200,
        body: { status: 'cancelled', stage: 'done' },
      });
      expect(await api.send('POST', `/api/v1/builds/${body.id}/cancel`)).toMatchObject({
        status: 409,
        body: { detail: expect.stringContaining('cancelled') },
      });
    }
    const third = await build(name, { version: '1.0.0' }); // not taken by what was cancelled
    const builder = await aBuilder();
    expect(await over(third.body)).toMatchObject({ status: 'succeeded' });
    expect(builder.taken).toEqual([third.body.id]);
  });

  it('asks the builder of a build that has begun', async () => {
    await aBuilder({
      work: async (taken) => {
        await eventually(async () => (await torii.redis.exists(`{${torii.keyPrefix}-q}:cancellation:${taken.job.buildId}`)) === 1);
        return { status: 'cancelled', timings: {}, warnings: [], attempts: 1 };
      },
    });
    const { body } = await build(await aFunction());
    await eventually(async () => expect(await api.get(`/api/v1/builds/${body.id}`)).toMatchObject({ body: { status: 'running' } }));
    expect(await api.send<Build>('POST', `/api/v1/builds/${body.id}/cancel`)).toMatchObject({ status: 202 });
    expect(await over(body)).toMatchObject({ status: 'cancelled' });
  });
});

describe('a function that is deleted', () => {
  it('takes its builds along, and ends those that have begun', async () => {
    let isAsked = false;
    await aBuilder({
      work: async (taken) => {
        await taken.stage('compiling');
        await eventually(() => api.get(`/api/v1/builds/${taken.job.buildId}`).then(({ status }) => status === 404));
        await taken.stage('verifying');
        await eventually(async () => (await torii.redis.exists(`{${torii.keyPrefix}-q}:cancellation:${taken.job.buildId}`)) === 1);
        isAsked = true;
        return { status: 'cancelled', timings: {}, warnings: [], attempts: 1 };
      },
    });
    const name = await aFunction();
    const { body } = await build(name);
    await eventually(async () => expect(await api.get(`/api/v1/builds/${body.id}`)).toMatchObject({ body: { stage: 'compiling' } }));
    expect(await api.send('DELETE', `/api/v1/functions/${name}`)).toMatchObject({ status: 204 });
    await eventually(() => isAsked);
    await eventually(async () => (await torii.redis.exists(`{${torii.keyPrefix}-q}:build-javascript:${body.id}`)) === 0);
  });
});

describe('builders', () => {
  it('get the sources by their hash', async () => {
    const { body } = await build(await aFunction('source of it'));
    const answer = await torii.asNode('GET', `/internal/sources/${body.sourceSha256}`);
    expect(answer).toMatchObject({ status: 200, body: { files: [{ path: 'index.js', content: '// source of it\n' }] } });
    for (const hash of ['f'.repeat(64), 'x', '%00']) expect(await torii.asNode('GET', `/internal/sources/${hash}`)).toMatchObject({ status: 404 });
  });

  it('store modules under their hash, and under no other', async () => {
    const module = await aModule('', `f${randomUUID().slice(0, 8)}`);
    const sha256 = createHash('sha256').update(module).digest('hex');
    expect(await torii.asNode('PUT', `/internal/artifacts/${'0'.repeat(64)}`, module)).toMatchObject({
      status: 422,
      body: { detail: expect.stringContaining(sha256) },
    });
    expect(await api.get(`/api/v1/artifacts/${sha256}`)).toMatchObject({ status: 404 });
    expect(await torii.asNode('PUT', `/internal/artifacts/${sha256}`, module)).toMatchObject({ status: 201, body: { sha256, size: module.length } });
    expect(await torii.asNode('PUT', `/internal/artifacts/${sha256}`, module)).toMatchObject({ status: 200 });
    expect(await torii.asNode('PUT', '/internal/artifacts/x', module)).toMatchObject({ status: 404 });
  });

  it('find what was built before, as long as there is room for it', async () => {
    await aBuilder();
    const keyOf = ({ sourceSha256 }: Build): string => createHash('sha256').update(sourceSha256).digest('hex');
    const name = await aFunction('cached 0');
    const first = (await built(name)).body;
    const path = `/internal/build-cache/${keyOf(first)}`;
    expect(await torii.asNode('GET', path)).toMatchObject({
      status: 200,
      body: { sha256: first.sha256, toolchain: { engine: '1.0.0' }, warnings: [] },
    });
    for (const source of ['1', '2', '3']) {
      await built(await aFunction(`cached ${source}`, name));
      expect(await torii.asNode('GET', path)).toMatchObject({ status: 200 }); // it is used, so others go
    }
    for (const source of ['4', '5', '6']) await built(await aFunction(`cached ${source}`, name));
    expect(await torii.asNode('GET', path)).toMatchObject({ status: 404 });
    expect((await torii.database.query('SELECT 1 FROM build_cache')).rowCount).toBe(3);
  });
});

describe('old builds', () => {
  it('are forgotten, but for the last ones and those of versions that are there', async () => {
    await aBuilder();
    const name = await aFunction('kept 0');
    const release = (await built(name, { version: '1.0.0' })).body;
    const ids: string[] = [];
    for (let index = 1; index <= 6; index += 1) ids.push((await built(await aFunction(`kept ${index}`, name))).body.id);
    const expected = [...ids.slice(-4).reverse(), release.id];
    await eventually(async () => {
      const { body } = await api.get<List<Build>>(`/api/v1/functions/${name}/builds`);
      expect(body.items.map(({ id }) => id)).toEqual(expected);
    });
    const kept = "SELECT 1 FROM function_sources JOIN artifact_chunks c USING (sha256) WHERE position('// kept '::bytea IN c.bytes) > 0";
    const trees = await torii.database.query(kept);
    expect(trees.rowCount).toBe(5);
  });
});

// On the same control plane. Each of them leaves no builder and nothing in the queue, as the tests above do.
const running = () => torii;
describe('logs', () => describeLog(running));
describe('runs', () => describeRuns(running));
describe('what builders build', () => describeLanguages(running));
