import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BackendInput, ServedKind, SnapshotPlugin, SnapshotRoute, SnapshotSlot } from '@torii/contracts';
import { answeringGuest, eventually, guest } from '@torii/test-kit';
import { hostCaller } from './a-host-caller.js';
import { aPlugin, aRoute, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';

const node = new TestNode();
const plugins: SnapshotPlugin[] = [];
const routes: SnapshotRoute[] = [];
let echo: SnapshotPlugin;

/** A plugin that answers this text; with `after`, its input between the two. */
async function plugin(name: string, kind: ServedKind, before: string | object, after?: string, part: Parameters<typeof aPlugin>[1] = {}) {
  const text = typeof before === 'string' ? before : JSON.stringify(before);
  const made = aPlugin(node.artifacts.add(await answeringGuest(text, after)), { name, kind, ...part });
  plugins.push(made);
  return made;
}

/** A route with slots, and a backend that answers its input unless it has another target. */
function route(prefix: string, slots: readonly (SnapshotPlugin | SnapshotSlot)[], part: Partial<SnapshotRoute> = {}): void {
  const inOrder = slots.map((slot) => ('plugin' in slot ? slot : aSlot(slot)));
  routes.push(aRoute(echo, prefix, { plugins: inOrder, ...part }));
}

const fixed = (headers: Record<string, string>, body: string) => ({ target: { kind: 'static' as const, status: 202, headers, body } });
const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${node.proxyUrl}${path}`, init);
const json = async (path: string, init?: RequestInit) => (await get(path, init)).json() as Promise<BackendInput>;
const sees = (kind: ServedKind) => plugin(`sees-${kind}`, kind, '{"error":true,"status":200,"body_json":', '}', { config: { own: '1', both: '1' } });

beforeAll(async () => {
  await node.start({ TORII_DATA_THREADS: '1' });
  echo = aPlugin(node.artifacts.add(await guest('echo')), { name: 'echo', limits: { requestMaxBytes: 1_000, responseMaxBytes: 4_000_000 } });
  plugins.push(echo);

  for (const kind of ['pre_route', 'request_transformer', 'response_transformer'] as const) {
    const slot = aSlot(await sees(kind), { config: { both: { of: 'slot' }, list: [1] } });
    route(`/sees/${kind}`, [slot], kind === 'response_transformer' ? fixed({ 'x-a': '1', 'set-cookie': 'a=b; Path=/' }, 'é') : {});
  }

  const sets = (name: string, value: unknown) => ({ attrs: { set: { [name]: value } } });
  const first = await plugin('first', 'pre_route', { error: false, ...sets('order', ['pre_route']) });
  const second = await plugin('second', 'access_validator', '{"result":true,"attrs":{"set":{"validator":', '}}}');
  const third = await plugin('third', 'request_transformer', '{"attrs":{"del":["order"],"set":{"transformer":', '}}}');
  const last = await plugin('last', 'response_transformer', '{"body_json":', '}');
  route('/attrs', [last, third, second, first], fixed({}, 'x'));

  const yes = await plugin('says-yes', 'route_matcher', { result: true });
  const no = await plugin('says-no', 'route_matcher', { result: false });
  const crashes = aPlugin(node.artifacts.add(await guest('trap')), { name: 'crashes', kind: 'route_matcher' });
  plugins.push(crashes);
  const named = (prefix: string, name: string) => ({
    ...fixed({}, name),
    name,
    match: [{ hosts: [], paths: [{ type: 'prefix' as const, value: prefix }], methods: [] }],
  });
  route('/matched', [no], { ...named('/matched/deep', 'refused'), priority: 9 });
  route('/matched', [yes, aSlot(no, { include: ['/never'] })], named('/matched/deep', 'meant'));
  route('/matched', [aSlot(crashes, { onError: 'skip' })], { ...named('/matched', 'crashed'), priority: 8 });
  route('/refused', [yes, no], named('/refused', 'refuses-all'));
  route('/crashes', [crashes], named('/crashes', 'crashes'));
  route('/get-only', [no], { ...named('/get-only', 'any-method'), priority: 1 });
  route('/get-only', [], {
    ...named('/get-only', 'get-only'),
    match: [{ hosts: [], paths: [{ type: 'prefix', value: '/get-only' }], methods: ['GET'] }],
  });
  for (let index = 0; index < 33; index += 1) route('/many', [no], { ...named('/many', `many-${index}`), priority: index });
  const told = aSlot(await sees('route_matcher'), { config: { list: [1] } });
  route('/told', [told], named('/told', 'told'));

  const allows = await plugin('allows', 'access_validator', { result: true });
  const denies = await plugin('denies', 'access_validator', { result: false });
  const deniesSo = await plugin('denies-so', 'access_validator', { result: false, error: { message: 'pay first', status: 402 } });
  route('/allowed', [allows]);
  route('/denied', [denies, await sees('request_transformer')]);
  route('/denied-so', [allows, deniesSo]);

  const rewrites = await plugin('rewrites', 'request_transformer', {
    method: 'put',
    url: '/new?x=1',
    headers: { 'X-New': ['1', '2'], host: 'other.example', 'content-length': '99' },
    cookies: [{ name: 'c', value: 'd e' }],
    body_json: { é: 1 },
  });
  route('/rewritten', [rewrites]);
  route('/rewritten-on', [rewrites, await plugin('renames', 'request_transformer', { url: '/newer', body_bytes: [-61, 169] })]);
  route('/to-large', [await plugin('enlarges', 'request_transformer', { body_str: 'x'.repeat(1_001) })]);
  const little = await plugin('enlarges-a-little', 'request_transformer', { body_str: 'x'.repeat(500) });
  const small = await plugin('takes-little', 'request_transformer', { method: 'PUT' }, undefined, { limits: { requestMaxBytes: 100 } });
  route('/to-large-for-one', [little, small]);
  route('/to-large-for-a-skipped-one', [little, aSlot(small, { onError: 'skip' })]);
  const away = await plugin('leads-away', 'request_transformer', { url: 'http://169.254.169.254/latest' });
  route('/away', [away]);

  const shouts = await plugin('shouts', 'response_transformer', { headers: { 'X-Only': 'this' }, body_str: 'LOUD' });
  const stays = await plugin('stays', 'response_transformer', {});
  route('/shouted', [shouts, stays], fixed({ 'content-type': 'text/html', 'set-cookie': 'a=b' }, 'quiet'));
  route('/replaced', [await plugin('replaces', 'response_transformer', { error: true, body_str: 'instead' }), shouts], fixed({}, 'x'));
  route(
    '/redirected',
    [await plugin('adds', 'response_transformer', { attrs: { set: { 'otoroshi.next.core.ResponseAddHeaders': { 'x-added': '1' } } } })],
    {
      target: { kind: 'redirect', url: '/there', status: 301 },
    },
  );
  const setsThenFails = aPlugin(
    node.artifacts.add(await hostCaller([{ name: 'proxy_set_attr', argument: '{"key":"half","value":1}', answers: 'number' }])),
    {
      name: 'sets-then-fails',
      kind: 'access_validator',
    },
  );
  plugins.push(setsThenFails);
  route('/half-way', [first, aSlot(setsThenFails, { onError: 'skip' })]);
  const unchanged = [await plugin('leaves-requests', 'request_transformer', {}), stays];
  route('/unchanged', unchanged, { target: { kind: 'function', plugin: echo.id, version: 1 } });
  route('/plain', []);

  route('/scoped', [aSlot(denies, { include: ['/scoped/a.*', '/scoped/b'], exclude: ['.*/public'] })]);

  const failing: [string, Uint8Array, Parameters<typeof aPlugin>[1]][] = [
    ['trap', await guest('trap'), {}],
    ['loop-forever', await guest('loop-forever'), { limits: { cpuMs: 50 } }],
    ['bad-json', await guest('bad-json'), {}],
    ['grow-memory', await guest('grow-memory'), { limits: { cpuMs: 5_000, memoryMaxBytes: 1_048_576 } }],
    [
      'no-header',
      await answeringGuest(
        '{"error":true,"result":true,"headers":{"bad name":"x"},"cookies":[{"name":"a b","value":""}],"attrs":{"set":{"left":1}}}',
      ),
      {},
    ],
    [
      'bad-added-headers',
      await answeringGuest('{"result":true,"url":"/changed","attrs":{"set":{"otoroshi.next.core.ResponseAddHeaders":{"bad name":"x"}}}}'),
      {},
    ],
    ['no-result', await answeringGuest('{"attrs":{"set":{"left":1}},"error":"x","status":99}'), {}],
  ];
  for (const [name, bytes, part] of failing) {
    for (const kind of ['pre_route', 'access_validator', 'request_transformer', 'response_transformer'] as const) {
      const fails = aPlugin(node.artifacts.add(bytes), { ...part, name: `${name}-${kind}`, kind });
      plugins.push(fails);
      for (const onError of ['fail', 'skip'] as const) route(`/${name}/${kind}/${onError}`, [first, aSlot(fails, { onError })]);
    }
  }
  await node.apply(plugins, routes);
});
afterAll(() => node.stop());

describe('a plugin in a slot', () => {
  it.each(['pre_route', 'request_transformer'] as const)(
    'of kind %s is told of the request, and its config is the slot’s over its own',
    async (kind) => {
      const told = await json(`/sees/${kind}/x?q=1`, { method: 'POST', body: 'é', headers: { cookie: 'a=b' } });
      expect(told).toMatchObject({
        config: { own: '1', both: { of: 'slot' }, list: [1] },
        attrs: {},
        request: { path: `/sees/${kind}/x`, method: 'POST', query: { q: ['1'] }, has_body: true, cookies: [{ name: 'a' }] },
      });
      if (kind === 'request_transformer') {
        expect(told).toMatchObject({ otoroshi_request: { path: '/x' }, request_body_bytes: [-61, -87], request_body_base64: 'w6k=' });
      }
    },
  );

  it('of kind response_transformer is told of the response', async () => {
    expect(await json('/sees/response_transformer')).toMatchObject({
      otoroshi_response: { status: 202, headers: { 'x-a': '1' }, cookies: [{ name: 'a', value: 'b', path: '/' }] },
      response_body_bytes: [-61, -87],
      response_body_base64: 'w6k=',
    });
  });

  it('runs in the order of the kinds, and sees the attributes that those before it left', async () => {
    const told = await json('/attrs');
    expect(told.attrs).toMatchObject({
      validator: { attrs: { order: ['pre_route'] } },
      transformer: { attrs: { order: ['pre_route'], validator: {} } },
    });
    expect(told.attrs).not.toHaveProperty('order');
  });

  it('runs only for paths of include and none of exclude, however they are escaped', async () => {
    const status = async (path: string): Promise<number> => (await get(`/scoped${path}`)).status;
    expect(await status('/c')).toBe(200);
    expect(await status('/abc')).toBe(403);
    expect(await status('/%61bc')).toBe(403);
    expect(await status('/b')).toBe(403);
    expect(await status('/bc')).toBe(200);
    expect(await status('/a/public')).toBe(200);
    expect(await status('/a/public%2Fx')).toBe(403);
  });

  it('that fails and is skipped leaves no attribute behind that it set by a host function', async () => {
    expect((await json('/half-way')).attrs).toEqual({ order: ['pre_route'] });
  });

  it('is counted, and stands in the access line', async () => {
    await get('/attrs', { headers: { 'x-request-id': 'counted-1' } });
    await eventually(async () => {
      const line = node.node.logs.find((text) => text.includes('"counted-1"'));
      expect(JSON.parse(line ?? '{}').slots).toMatchObject(
        [
          ['pre_route', 'first'],
          ['access_validator', 'second'],
          ['request_transformer', 'third'],
          ['response_transformer', 'last'],
        ].map(([kind, name]) => ({ kind, plugin: name, pluginVersion: 1, cpuMs: expect.any(Number) })),
      );
      const metrics = await (await fetch(`${node.internalUrl}/metrics`)).text();
      expect(metrics).toMatch(/torii_plugin_calls_total\{workspace="default",plugin="last",outcome="ok"\} [1-9]/);
      expect(metrics).toMatch(/torii_plugin_call_seconds_count\{workspace="default",plugin="second"\} [1-9]/);
    });
  });
});

describe('a request in absolute form', () => {
  it('has for plugins the host that it was routed by, whatever its Host header says (RFC 9112 section 3.2.2)', async () => {
    const { hostname, port } = new URL(node.proxyUrl);
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(port), hostname);
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('close', () => resolve(text)).on('error', reject);
      socket.write('GET http://routed.example/plain HTTP/1.1\r\nX-Before: 1\r\nHost: other.example\r\nConnection: close\r\n\r\n');
    });
    expect(answer).toContain('"Host":"routed.example"');
    expect(answer).not.toContain('other.example');
  });
});

describe('a route_matcher', () => {
  it('lets a route be passed over, and the next best that is meant answers', async () => {
    expect(await (await get('/matched/deep')).text()).toBe('meant');
    await eventually(() => {
      const line = node.node.logs.find((text) => text.includes('"/matched/deep"'));
      expect(JSON.parse(line ?? '{}')).toMatchObject({
        route: 'meant',
        slots: [{ plugin: 'says-no' }, { plugin: 'crashes', code: 'plugin.trapped' }, { plugin: 'says-yes' }],
      });
    });
  });

  it('leaves no route, or none for the method, when all others refuse', async () => {
    for (const path of ['/refused', '/many']) expect(await (await get(path)).json()).toMatchObject({ status: 404, code: 'routing.no_route' });
    const answer = await get('/get-only', { method: 'POST' });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    expect(await (await get('/get-only')).text()).toBe('get-only');
  });

  it('that fails ends the request, unless it is to be skipped: then its route is passed over', async () => {
    expect(await (await get('/crashes')).json()).toMatchObject({ status: 502, code: 'plugin.trapped' });
    expect(await (await get('/matched')).json()).toMatchObject({ status: 404 });
  });

  it('whose output has no result ends the request', async () => {
    expect(await (await get('/told')).json()).toMatchObject({ status: 502, code: 'plugin.bad_output' });
  });
});

describe('an access_validator', () => {
  it('lets a request pass, or answers 403 or what it says, before the body is read or another plugin is called', async () => {
    expect((await get('/allowed')).status).toBe(200);
    const denied = await get('/denied', { method: 'POST', body: 'x'.repeat(2_000_000) });
    expect([denied.status, denied.headers.get('content-type'), await denied.json()]).toEqual([
      403,
      'application/json',
      { error: 'access was denied' },
    ]);
    const so = await get('/denied-so');
    expect([so.status, await so.json()]).toEqual([402, { error: 'pay first' }]);
  });
});

describe('a request_transformer', () => {
  it('replaces method, URL, headers, cookies and body for what comes after, and leaves the rest to the gateway', async () => {
    const { raw_request, request, request_body_base64 } = await json('/rewritten/a?b=c', {
      method: 'POST',
      body: 'old',
      headers: { cookie: 'a=b', 'x-old': '1' },
    });
    expect(raw_request).toMatchObject({ method: 'POST', path: '/rewritten/a', headers: { 'x-old': '1' } });
    expect(request).toMatchObject({ method: 'PUT', path: '/new', query: { x: ['1'] }, cookies: [{ name: 'c', value: 'd e' }] });
    const body = Buffer.from('{"é":1}');
    const { connection: _connection, ...headers } = request.headers;
    expect(headers).toEqual({ 'X-New': '1, 2', host: 'other.example', Cookie: 'c=d%20e', 'Content-Length': String(body.length) });
    expect(Buffer.from(request_body_base64 ?? '', 'base64')).toEqual(body);
  });

  it('hands on to the next, which changes what it made', async () => {
    const { request, request_body_base64 } = await json('/rewritten-on');
    expect(request).toMatchObject({ method: 'PUT', path: '/newer', query: {}, headers: { 'X-New': '1, 2' } });
    expect(Buffer.from(request_body_base64 ?? '', 'base64').toString()).toBe('é');
  });

  it.each([
    ['/away', 'plugin.bad_output'],
    ['/to-large', 'plugin.limit_exceeded'],
    ['/to-large-for-one', 'plugin.limit_exceeded'],
  ])('cannot lead a request %s', async (path, code) => {
    const answer = await get(path);
    expect([answer.status, await answer.json()]).toEqual([502, expect.objectContaining({ code })]);
  });

  it('is passed over when it is to be skipped and one before made the body too large for it', async () => {
    const { request, request_body_base64 } = await json('/to-large-for-a-skipped-one', { headers: { 'x-request-id': 'passed-over' } });
    expect(request.method).toBe('GET');
    expect(Buffer.from(request_body_base64 ?? '', 'base64').toString()).toBe('x'.repeat(500));
    await eventually(() => {
      const line = node.node.logs.find((text) => text.includes('"passed-over"'));
      expect(JSON.parse(line ?? '{}').slots).toMatchObject([
        { plugin: 'enlarges-a-little' },
        { plugin: 'takes-little', code: 'plugin.limit_exceeded' },
      ]);
    });
  });

  it('is not called with a body that is larger than the target or a transformer takes', async () => {
    expect((await get('/rewritten', { method: 'POST', body: 'x'.repeat(2_000_000) })).status).toBe(413);
    expect((await get('/unchanged', { method: 'POST', body: 'x'.repeat(1_001) })).status).toBe(413);
  });
});

describe('a response_transformer', () => {
  it('replaces headers and body, and keeps the status and the cookies', async () => {
    const answer = await get('/shouted');
    expect([answer.status, answer.headers.get('x-only'), answer.headers.get('content-type'), answer.headers.get('set-cookie')]).toEqual([
      202,
      'this',
      null,
      'a=b',
    ]);
    expect(await answer.text()).toBe('LOUD');
  });

  it('answers in place of the target with error: true, of status 500 unless it says otherwise, and ends it', async () => {
    const answer = await get('/replaced');
    expect([answer.status, await answer.text()]).toEqual([500, 'instead']);
  });

  it('runs behind redirects too, and may add headers by attribute', async () => {
    const answer = await get('/redirected', { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location'), answer.headers.get('x-added')]).toEqual([301, '/there', '1']);
  });
});

describe('transformers that change nothing', () => {
  it('change nothing of what the target sees and answers', async () => {
    for (const body of [undefined, 'text', randomBytes(500)]) {
      const init = body === undefined ? {} : { method: 'POST', body: body as RequestInit['body'] };
      const [changed, plain] = [await json('/unchanged/a%20b?c=%41', init as RequestInit), await json('/plain/a%20b?c=%41', init as RequestInit)];
      expect(changed.request).toEqual(JSON.parse(JSON.stringify(plain.request)));
      expect(changed.request_body_base64).toBe(plain.request_body_base64);
      expect(changed.request_body_bytes).toEqual(plain.request_body_bytes);
    }
  });
});

describe.each([
  ['trap', 'plugin.trapped', 502],
  ['loop-forever', 'plugin.deadline_exceeded', 504],
  ['bad-json', 'plugin.bad_output', 502],
  ['grow-memory', 'plugin.memory_exceeded', 502],
  ['no-header', 'plugin.bad_output', 502],
  ['bad-added-headers', 'plugin.bad_output', 502],
  ['no-result', 'plugin.bad_output', 502],
])('a slot whose plugin fails by %s', (name, code, status) => {
  const kinds = ['pre_route', 'access_validator', 'request_transformer', 'response_transformer'] as const;
  const harmless = name === 'no-header' ? kinds.filter((kind) => kind !== 'access_validator') : kinds;

  it.each(harmless)('as %s fails the request, or with onError skip leaves it as it was before', async (kind) => {
    const failed = await get(`/${name}/${kind}/fail`);
    expect([failed.status, failed.headers.get('x-torii-error')]).toEqual([status, code]);
    const skipped = await get(`/${name}/${kind}/skip`, { headers: { 'x-request-id': `${name}-${kind}` } });
    expect(skipped.status).toBe(200);
    const seen = (await skipped.json()) as object;
    expect(seen).toMatchObject({ request: { path: '/' } });
    expect(seen).toHaveProperty('attrs', { order: ['pre_route'] });
    await eventually(() => {
      const line = node.node.logs.find((text) => text.includes(`"${name}-${kind}"`));
      expect(JSON.parse(line ?? '{}').slots).toContainEqual(expect.objectContaining({ kind, code }));
    });
  });
});

describe('a request whose time is over', () => {
  const hurried = new TestNode();
  beforeAll(async () => {
    await hurried.start({ TORII_DATA_THREADS: '1', TORII_REQUEST_TIMEOUT_MS: '4000' });
    const loops = aPlugin(hurried.artifacts.add(await guest('loop-forever')), {
      name: 'loops',
      kind: 'pre_route',
      limits: { cpuMs: 60_000, wallMs: 60_000, queueWaitMs: 60_000 },
    });
    const hello = aPlugin(hurried.artifacts.add(await guest('hello')), { name: 'hello' });
    const slots = Array.from({ length: 20 }, () => aSlot(loops, { onError: 'skip' }));
    await hurried.apply([loops, hello], [aRoute(hello, '/slow', { plugins: slots })]);
  });
  afterAll(() => hurried.stop());

  it('ends in the slot where it is, however many may be skipped: one deadline covers them all', async () => {
    const answer = await fetch(`${hurried.proxyUrl}/slow`, { headers: { 'x-request-id': 'over' } });
    expect([answer.status, answer.headers.get('x-torii-error')]).toEqual([504, 'plugin.deadline_exceeded']);
    await eventually(() => {
      const line = hurried.node.logs.find((text) => text.includes('"over"'));
      expect(JSON.parse(line ?? '{}').slots).toHaveLength(1);
    });
  });
});
