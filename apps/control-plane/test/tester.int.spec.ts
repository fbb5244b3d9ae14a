import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NodeRegistry, openSnapshot } from '@torii/config-sync';
import {
  CurrentRevision,
  type DebugToken,
  type List,
  type Node,
  type NodeId,
  type NodeStatus,
  type Plugin,
  type Problem,
  reportIdOn,
  type TesterAnswer,
  type Trial,
  testerLimits,
} from '@torii/contracts';
import { debugTokenKey, openDebugToken, Secret } from '@torii/service-kit';
import { eventually } from '@torii/test-kit';
import { aKeyWith } from './support/admin-key.js';
import { type ApiClient, aModule, importMapGet, type Sent } from './support/api-client.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

let torii: TestControlPlane;
let api: ApiClient;
let registry: NodeRegistry;
const nodes: NodeStatus[] = [];
const servers: Server[] = [];

const answered: TesterAnswer = {
  response: { status: 200, headers: {}, body: 'hello', bytes: 5, truncated: false },
  error: { code: 'no_report', detail: 'a test' },
  report: null,
};
const request = { host: 'any.test' };

beforeAll(async () => {
  torii = await startControlPlane();
  api = torii.api;
  registry = new NodeRegistry(torii.redis, torii.keys);
  await api.aPlugin('answers');
  await api.aPlugin('guards', { kind: 'access_validator' });
  await api.aRoute('saved', 'answers');
});
afterAll(() => torii?.close());
afterEach(async () => {
  await Promise.all(nodes.splice(0).map(({ id }) => registry.leave(id)));
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A node as the registry has it; its heartbeat lies ahead, so that a slow machine does not bury it. */
async function aNode(internalUrl: string, changes: Partial<NodeStatus> = {}): Promise<NodeStatus> {
  const now = Date.now();
  const node: NodeStatus = {
    id: `nd_${randomUUID()}` as NodeId,
    version: '0.1.0',
    internalUrl,
    proxyPort: 1,
    dataThreads: 1,
    startedAt: new Date(now).toISOString(),
    heartbeatAt: new Date(now + 3_600_000).toISOString(),
    active: null,
    rejected: null,
    ...changes,
  };
  nodes.push(node);
  await registry.report(node);
  return node;
}

interface Asked {
  readonly message: IncomingMessage;
  readonly body: string;
  readonly trial: Trial;
}

/** One whose internal port answers as the test says. */
async function anAnsweringNode(respond: (asked: Asked, response: ServerResponse) => void, changes: Partial<NodeStatus> = {}): Promise<NodeStatus> {
  const server = createServer(async (message, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString('utf8');
    respond({ message, body, trial: (body === '' ? {} : JSON.parse(body)) as Trial }, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  return aNode(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, changes);
}

const run = <Body = Problem>(body: object, as = api): Promise<Sent<Body>> => as.send<Body>('POST', '/api/v1/tester', body);

/** What a node would be asked. */
async function trialOf(body: object): Promise<Trial> {
  let asked: Trial | undefined;
  const { id } = await anAnsweringNode(({ trial }, response) => {
    asked = trial;
    response.end(JSON.stringify(answered));
  });
  expect(await run({ ...body, node: id })).toMatchObject({ status: 200 });
  if (asked === undefined) throw new Error('no node was asked');
  return asked;
}

describe('a request to try', () => {
  it('is answered 503 when no node is alive, and says which one is not', async () => {
    expect(await run({ request })).toMatchObject({
      status: 503,
      body: { code: 'platform.no_node', detail: expect.stringContaining('no node is alive') },
    });
    const gone = await aNode('http://127.0.0.1:1', { heartbeatAt: '2020-01-01T00:00:00.000Z' });
    expect(await run({ request, node: gone.id })).toMatchObject({
      status: 503,
      body: { code: 'platform.no_node', detail: expect.stringContaining(gone.id) },
    });
    await aNode('http://127.0.0.1:1');
    expect(await run({ request })).toMatchObject({
      status: 503,
      body: { code: 'platform.no_node', detail: expect.stringContaining('cannot be reached') },
    });
  });

  it('goes to another node when one cannot be reached, with the node token, and shows what that one answers', async () => {
    for (let count = 0; count < 3; count += 1) await aNode('http://127.0.0.1:1');
    let authorization: string | undefined;
    await anAnsweringNode(({ message }, response) => {
      authorization = message.headers.authorization;
      response.end(JSON.stringify(answered));
    });
    expect(await run({ request })).toMatchObject({ status: 200, body: answered });
    expect(authorization).toBe(`Bearer ${torii.nodeToken}`);
  });

  it('goes to the node that is named, by its id or by what it is called, and to a live one of several that are called the same', async () => {
    const asked: string[] = [];
    const called = (name: string) =>
      anAnsweringNode(
        (_, response) => {
          asked.push(name);
          response.end(JSON.stringify(answered));
        },
        { name },
      );
    await called('front-1');
    const second = await called('front-2');
    await aNode('http://127.0.0.1:1', { name: 'front-2', heartbeatAt: '2020-01-01T00:00:00.000Z' });
    for (const node of ['front-2', second.id]) expect(await run({ request, node })).toMatchObject({ status: 200 });
    expect(asked).toEqual(['front-2', 'front-2']);
    const gone = await aNode('http://127.0.0.1:1', { name: 'front-3', heartbeatAt: '2020-01-01T00:00:00.000Z' });
    expect(await run({ request, node: 'front-3' })).toMatchObject({ status: 503, body: { detail: expect.stringContaining(gone.id) } });
    expect(await run({ request, node: 'front-4' })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/node' }] } });
    const { items } = (await api.get<List<Node>>('/api/v1/nodes')).body;
    expect(items.find(({ id }) => id === second.id)?.name).toBe('front-2');
  });

  it('goes to one node only when that has taken it: 504 when it breaks off, and its own error when it has one', async () => {
    let asked = 0;
    const broken = (): Promise<NodeStatus> =>
      anAnsweringNode((_, response) => {
        asked += 1;
        response.destroy();
      });
    await broken();
    await broken();
    expect(await run({ request })).toMatchObject({ status: 504, body: { code: 'platform.node_silent' } });
    expect(asked).toBe(1);
    const busy = await anAnsweringNode((_, response) => {
      response.statusCode = 503;
      response.end(JSON.stringify({ code: 'capacity.overloaded', title: 'busy', detail: 'too many', status: 503 }));
    });
    expect(await run({ request, node: busy.id })).toMatchObject({ status: 503, body: { code: 'capacity.overloaded', detail: 'too many' } });
    const strange = await anAnsweringNode((_, response) => response.end('{"status":"not_found"}'));
    expect(await run({ request, node: strange.id })).toMatchObject({
      status: 500,
      body: { code: 'platform.internal', detail: expect.stringContaining(strange.id) },
    });
  });

  it('needs the scope tester:run, and a draft that of whoever changes routes too', async () => {
    await anAnsweringNode((_, response) => response.end(JSON.stringify(answered)));
    const tester = api.withKey(await aKeyWith(torii, 'tester:run'));
    const reader = api.withKey(await aKeyWith(torii, 'routes:read', 'routes:write'));
    expect(await run({ request }, tester)).toMatchObject({ status: 200 });
    expect(await run({ request }, reader)).toMatchObject({ status: 403 });
    expect(await run({ request, draft: { without: ['saved'] } }, tester)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('routes:write') },
    });
    expect(await run({ request, draft: { without: ['saved'] } })).toMatchObject({ status: 200 });
  });

  it('goes over the wire as it was written', async () => {
    const trial = await trialOf({
      request: {
        method: 'POST',
        url: 'http://Any.test:81/a%20b?x=1',
        query: { y: ['2', '&'] },
        headers: { 'X-A': ['1', '2'] },
        cookies: [{ name: 'c', value: 'v' }],
        body: 'é',
      },
      timeoutMs: 1_234,
    });
    expect(trial).toEqual({
      method: 'POST',
      target: '/a%20b?x=1&y=2&y=%26',
      rawHeaders: ['Host', 'Any.test:81', 'X-A', '1', 'X-A', '2', 'Cookie', 'c=v', 'Content-Length', '2'],
      bodyBase64: Buffer.from('é').toString('base64'),
      timeoutMs: 1_234,
    });
  });

  it('is answered 422 with a pointer for what cannot be sent', async () => {
    for (const [part, pointer] of [
      [{}, '/request/host'],
      [{ host: 'a b' }, '/request/host'],
      [{ url: 'ftp://a.test/' }, '/request/url'],
      [{ url: 'http://a.test/é' }, '/request/url'],
      [{ url: 'http://a.test/', path: '/b' }, '/request/path'],
      [{ host: 'a.test', path: 'b' }, '/request/path'],
      [{ host: 'a.test', headers: { Host: 'b.test' } }, '/request/headers/Host'],
      [{ host: 'a.test', headers: { 'Transfer-Encoding': 'chunked' } }, '/request/headers/Transfer-Encoding'],
      [{ host: 'a.test', headers: { 'x-torii-debug': 'x' } }, '/request/headers/x-torii-debug'],
      [{ host: 'a.test', headers: { a: 'b\r\nc: d' } }, '/request/headers/a'],
      [{ host: 'a.test', headers: { cookie: 'a=b' }, cookies: [{ name: 'c', value: 'd' }] }, '/request/cookies'],
      [{ host: 'a.test', body: 'a', body_base64: 'YQ==' }, '/request/body_base64'],
      [{ host: 'a.test', method: 'CONNECT' }, '/request/method'],
      [{ host: 'a.test', bdoy: 'a' }, '/request/bdoy'],
    ] as const) {
      expect([pointer, await run({ request: part })]).toMatchObject([pointer, { status: 422, body: { errors: [{ pointer }] } }]);
    }
    expect(await run({ request, node: 'nowhere' })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/node' }] } });
    const long = 'x'.repeat(testerLimits.requestBodyMaxBytes + 1);
    expect(await run({ request: { ...request, body: long } })).toMatchObject({ status: 413, body: { errors: [{ pointer: '/request/body' }] } });
  });
});

describe('a draft', () => {
  const aDraft = (name: string, part: object = {}) => ({
    name,
    match: [{ hosts: ['draft.test'] }],
    target: { kind: 'function', plugin: 'answers' },
    plugins: [{ plugin: 'guards' }],
    ...part,
  });

  it('is sent as what it changes: its routes with the plugins they run, in the place of saved ones of their name or id', async () => {
    const saved = (await api.get<{ id: string; name: string }>('/api/v1/routes/saved')).body;
    const { draft } = await trialOf({ request, draft: { routes: [aDraft('saved'), aDraft('new', { plugins: [] })] } });
    expect(draft?.routes.map(({ name }) => name).sort()).toEqual(['new', 'saved']);
    expect(draft?.routes.find(({ name }) => name === 'saved')).toMatchObject({
      id: saved.id,
      plugins: [{ version: 1 }],
      target: { kind: 'function', version: 1 },
    });
    expect(draft?.plugins.map(({ name }) => name).sort()).toEqual(['answers', 'guards']);
    expect(draft?.without).toEqual([]);

    const whole = (await trialOf({ request, draft: { routes: [{ ...saved, name: 'renamed' }] } })).draft;
    expect(whole?.routes).toMatchObject([{ id: saved.id, name: 'renamed' }]);
    const off = (await trialOf({ request, draft: { routes: [aDraft('saved', { enabled: false })] } })).draft;
    expect(off).toMatchObject({ routes: [], plugins: [], without: [saved.id] });
    expect((await api.get<{ name: string }>('/api/v1/routes/saved')).body).toEqual(saved);
  });

  it('is checked as if it were saved', async () => {
    for (const [draft, pointer] of [
      [{ routes: [aDraft('a'), aDraft('Bad Name')] }, '/draft/routes/1/name'],
      [{ routes: [aDraft('a', { target: { kind: 'function', plugin: 'nobody' } })] }, '/draft/routes/0/target/plugin'],
      [{ routes: [aDraft('a', { plugins: [{ plugin: 'answers' }] })] }, '/draft/routes/0/plugins/0/plugin'],
      [{ routes: [aDraft('a', { mathc: [] })] }, '/draft/routes/0/mathc'],
      [{ routes: [aDraft('a'), aDraft('a')] }, '/draft/routes/1/name'],
      [{ routes: [aDraft('a', { id: 'rt_00000000-0000-7000-8000-000000000000' })] }, '/draft/routes/0/id'],
      [{ routes: [aDraft('saved')], without: ['saved'] }, '/draft/routes/0'],
      [{ without: ['nowhere'] }, '/draft/without/0'],
    ] as const) {
      expect([pointer, await run({ request, draft })]).toMatchObject([pointer, { status: 422, body: { errors: [{ pointer }] } }]);
    }
  });
});

describe('plugins and settings of a draft', () => {
  const sourceOf = async (name: string) => (await api.get<Plugin>(`/api/v1/plugins/${name}`)).body.source;
  const aPluginDraft = async (name: string, part: object = {}) => ({ name, source: await sourceOf('answers'), functionName: 'handle', ...part });

  it('are sent as they would be saved, with the routes and settings that run them', async () => {
    const saved = (await api.get<Plugin>('/api/v1/plugins/answers')).body;
    const plugins = [
      await aPluginDraft('answers', { limits: { wallMs: 1_234 } }),
      await aPluginDraft('new-guard', { kind: 'pre_route', config: { a: 'b' } }),
    ];
    const settings = { plugins: [{ plugin: 'new-guard', include: ['/x'] }] };
    const { draft } = await trialOf({ request, draft: { plugins, settings } });
    expect(draft?.routes).toMatchObject([{ name: 'saved', target: { kind: 'function', plugin: saved.id, version: saved.version + 1 } }]);
    const sent = new Map(draft?.plugins.map((plugin) => [plugin.name, plugin]));
    expect(sent.get('answers')).toMatchObject({ id: saved.id, version: saved.version + 1, limits: { wallMs: 1_234 } });
    const guard = sent.get('new-guard');
    expect(guard).toMatchObject({ version: 1, kind: 'pre_route', config: { a: 'b' } });
    expect(draft?.globalPlugins).toMatchObject([{ plugin: guard?.id, version: 1, include: ['/x'] }]);
    expect(draft?.scratch?.toSorted()).toEqual([`${saved.id}@${saved.version + 1}`, `${guard?.id}@1`].toSorted());
    expect((await api.get<Plugin>('/api/v1/plugins/answers')).body).toEqual(saved);
    expect(await api.get('/api/v1/plugins/new-guard')).toMatchObject({ status: 404 });
  });

  it('leave alone what has another version of them, and settings that do not run them', async () => {
    await api.aPlugin('pinned');
    await api.aRoute('pins', 'pinned', { target: { kind: 'function', plugin: 'pinned', version: 1 } });
    const plugins = [await aPluginDraft('pinned', { description: 'another' })];
    const { draft } = await trialOf({ request, draft: { plugins } });
    expect(draft).toMatchObject({ routes: [], plugins: [] });
    expect(draft).not.toHaveProperty('globalPlugins');
    const route = { name: 'both', match: [{ hosts: ['both.test'] }], target: { kind: 'function', plugin: 'pinned', version: 1 } };
    const other = { ...route, name: 'newest', target: { kind: 'function', plugin: 'pinned' } };
    const both = (await trialOf({ request, draft: { plugins, routes: [route, other] } })).draft;
    expect(both?.routes.map(({ target }) => (target.kind === 'function' ? target.version : undefined))).toEqual([1, 2]);
    expect(both?.plugins.map(({ version }) => version)).toEqual([1, 2]);
  });

  it('take the saved settings along when those run a plugin of the draft', async () => {
    await api.aPlugin('everywhere', { kind: 'pre_route' });
    await api.send('PUT', '/api/v1/settings', { plugins: [{ plugin: 'everywhere' }] });
    const plugins = [await aPluginDraft('everywhere', { kind: 'pre_route', config: { k: 'v' } })];
    expect((await trialOf({ request, draft: { plugins } })).draft?.globalPlugins).toMatchObject([{ version: 2 }]);
    expect((await trialOf({ request, draft: { settings: {} } })).draft?.globalPlugins).toEqual([]);
    await api.send('PUT', '/api/v1/settings', {});
  });

  it('are checked as if they were saved', async () => {
    const { sha256 } = await api.upload(await aModule(importMapGet));
    const ungranted = { name: 'a', source: { kind: 'artifact', sha256 }, functionName: 'handle' };
    for (const [draft, pointer] of [
      [{ plugins: [ungranted] }, '/draft/plugins/0/hostFunctions'],
      [{ plugins: [await aPluginDraft('Bad Name')] }, '/draft/plugins/0/name'],
      [{ plugins: [await aPluginDraft('a'), await aPluginDraft('a')] }, '/draft/plugins/1/name'],
      [{ plugins: [await aPluginDraft('a', { functionName: 'handel' })] }, '/draft/plugins/0/functionName'],
      [{ plugins: [await aPluginDraft('a', { source: { kind: 'base64', data: 'AAAA' } })] }, '/draft/plugins/0/source/kind'],
      [{ plugins: [await aPluginDraft('a', { secrets: { A: { ref: 'b' } } })] }, '/draft/plugins/0/secrets'],
      [{ plugins: [await aPluginDraft('answers', { kind: 'pre_route' })] }, '/draft/plugins/0/kind'],
      [{ plugins: [await aPluginDraft('a', { id: 'pl_00000000-0000-7000-8000-000000000000' })] }, '/draft/plugins/0/id'],
      [{ plugins: await Promise.all(Array.from({ length: 17 }, (_, index) => aPluginDraft(`a${index}`))) }, '/draft/plugins'],
      [{ settings: { plugins: [{ plugin: 'answers' }] } }, '/draft/settings/plugins/0/plugin'],
      [{ settings: { plugins: [{ plugin: 'nobody' }] } }, '/draft/settings/plugins/0/plugin'],
      [{ settings: { plgins: [] } }, '/draft/settings/plgins'],
    ] as const) {
      expect([pointer, await run({ request, draft })]).toMatchObject([pointer, { status: 422, body: { errors: [{ pointer }] } }]);
    }
  });

  it('need the scopes that saving them needs', async () => {
    const key = api.withKey(await aKeyWith(torii, 'tester:run', 'routes:write'));
    for (const [draft, scope] of [
      [{ plugins: [await aPluginDraft('a')] }, 'plugins:write'],
      [{ settings: {} }, 'settings:write'],
    ] as const) {
      expect(await run({ request, draft }, key)).toMatchObject({ status: 403, body: { detail: expect.stringContaining(scope) } });
    }
  });
});

/** Of the configuration that nodes are told. */
async function publishedEpoch(): Promise<string | undefined> {
  const current = CurrentRevision.parse(JSON.parse((await torii.redis.get(torii.keys.current)) ?? 'null'));
  const text = await torii.redis.get(torii.keys.snapshot(current.incarnation, current.revision));
  return openSnapshot(text ?? '', current).debugEpoch;
}

describe('a debug token', () => {
  const key = () => debugTokenKey(new Secret(torii.nodeToken));
  const make = (body: object, as = api) => as.send<DebugToken>('POST', '/api/v1/tester/tokens', body);

  it('is one that nodes take, until it expires', async () => {
    const route = (await api.get<{ id: string }>('/api/v1/routes/saved')).body;
    const { status, body } = await make({ route: 'saved', expiresInSeconds: 60 });
    expect([status, body.header, body.route]).toEqual([201, 'x-torii-debug', { id: route.id, name: 'saved' }]);
    const expiresAtMs = Date.parse(body.expiresAt);
    expect(openDebugToken(key(), body.token, { nowMs: expiresAtMs - 1, epoch: undefined })).toEqual({ exp: expiresAtMs / 1000, route: route.id });
    expect(openDebugToken(key(), body.token, { nowMs: expiresAtMs, epoch: undefined })).toBe('expired');
    expect((await make({})).body.route).toBeNull();
  });

  it('is revoked with all others by whoever may write settings, which stay as they are, and what is given out later is not', async () => {
    const slots = { plugins: [{ plugin: 'guards' }] };
    await api.send('PUT', '/api/v1/settings', slots);
    const settings = (await api.get('/api/v1/settings')).body;
    const before = (await make({})).body.token;
    expect(await api.withKey(await aKeyWith(torii, 'tester:run')).send('DELETE', '/api/v1/tester/tokens')).toMatchObject({ status: 403 });
    const epochBefore = await publishedEpoch();
    expect((await api.send('DELETE', '/api/v1/tester/tokens')).status).toBe(204);
    const epoch = await eventually(async () => {
      const published = await publishedEpoch();
      if (published === epochBefore) throw new Error('it was not published yet');
      return published;
    });
    const [nowMs, after] = [Date.now(), (await make({})).body.token];
    expect(openDebugToken(key(), before, { nowMs, epoch: epochBefore })).toEqual(expect.objectContaining({ exp: expect.anything() }));
    expect([before, after].map((token) => openDebugToken(key(), token, { nowMs, epoch }))).toEqual(['revoked', expect.objectContaining({ epoch })]);
    expect((await api.get('/api/v1/settings')).body).toEqual(settings);
    await api.send('PUT', '/api/v1/settings', { plugins: [] });
    expect(openDebugToken(key(), (await make({})).body.token, { nowMs, epoch })).not.toBe('revoked');
    const { rows } = await torii.database.query(`SELECT "action" FROM "audit" WHERE "entity_name" = 'debug tokens'`);
    expect(rows).toEqual([{ action: 'update' }]);
  });

  it('is refused for more than an hour, for a route that is not there, and to whoever may not try requests', async () => {
    expect(await make({ expiresInSeconds: 3_601 })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/expiresInSeconds' }] } });
    expect(await make({ route: 'nowhere' })).toMatchObject({ status: 422, body: { errors: [{ pointer: '/route', code: 'unknown_reference' }] } });
    expect(await make({}, api.withKey(await aKeyWith(torii, 'routes:read')))).toMatchObject({ status: 403 });
  });
});

describe('a report', () => {
  const get = (id: string) => api.get(`/api/v1/tester/reports/${id}`);
  const unique = '0'.repeat(32);

  it('is read from the node that has it, and is 404 when the node has it no more, is gone, or the id is none', async () => {
    const node = await anAnsweringNode(({ message }, response) => {
      response.statusCode = 404;
      response.end(JSON.stringify({ code: 'client.not_found', title: 'none', detail: `asked for ${message.url}` }));
    });
    const id = reportIdOn(node.id, unique);
    expect(await get(id)).toMatchObject({
      status: 404,
      body: { code: 'client.not_found', detail: expect.stringContaining(`/internal/reports/${id}`) },
    });
    expect(await get(reportIdOn(`nd_${randomUUID()}` as NodeId, unique))).toMatchObject({ status: 404 });
    for (const other of ['rp_', 'rp_x_y', `${id}0`, encodeURIComponent('../livez')]) expect(await get(other)).toMatchObject({ status: 404 });
    const away = await aNode('http://127.0.0.1:1');
    expect(await get(reportIdOn(away.id, unique))).toMatchObject({ status: 503, body: { code: 'platform.no_node' } });
  });
});
