import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type KindWithPlugin, kindFunctions, kindsSource } from '@torii/test-kit';
import type { Gateway } from './a-gateway.js';
import { talk } from './talk.js';

/** Where the plugins of one language are tried. */
export interface KindsPlace {
  readonly gateway: Gateway;
  /** Short; part of names and paths. */
  readonly language: string;
  /** Answers with what it was asked, and with the status that `x-status` asks for. */
  readonly upstreamUrl: () => string;
  /** Says every message of a WebSocket again. */
  readonly echoUrl: () => string;
  /** What the plugins are made of: the fields that all of them share. */
  readonly plugin: () => Promise<object>;
}

/** Has the builder build the plugins of the test kit, as a user's function; answers what plugins are made of that call it. */
export async function builtKinds(gateway: Gateway, language: 'go' | 'javascript'): Promise<object> {
  const name = `kinds-${language}`;
  await gateway.must('PUT', `/api/v1/functions/${name}`, { language, files: await kindsSource(language) });
  expect(await gateway.build(name)).toMatchObject({ status: 'succeeded', error: null });
  return { source: { kind: 'function', name, version: 'dev' }, wasi: true, limits: { cpuMs: 1_000 } };
}

/** What the upstream says it was asked. */
interface Asked {
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

/**
 * Plugins of each kind do, by REST and HTTP, what Otoroshi's manual says of them. The plugin `echo` must be there; the
 * settings must be empty, and are so again afterwards.
 */
export function describeKinds({ gateway, language, upstreamUrl, echoUrl, plugin }: KindsPlace): void {
  const nameOf = (kind: KindWithPlugin): string => `${language}-${kind.replaceAll('_', '-')}`;
  const get = (path: string, headers: Record<string, string> = {}) => gateway.proxy(0, `/${language}${path}`, { headers });
  const post = (path: string, body: string) => gateway.proxy(0, `/${language}${path}`, { method: 'POST', body });

  async function route(path: string, kinds: KindWithPlugin[], target: object, part: object = {}): Promise<void> {
    const plugins = kinds.map((kind) => ({ plugin: nameOf(kind) }));
    const match = [{ paths: [{ type: 'prefix', value: `/${language}${path}` }] }];
    await gateway.must('PUT', `/api/v1/routes/${language}${path.replaceAll('/', '-')}`, { match, plugins, target, ...part });
  }

  describe(`plugins in ${language} of kind`, () => {
    beforeAll(async () => {
      const shared = await plugin();
      for (const [kind, functionName] of Object.entries(kindFunctions)) {
        await gateway.must('PUT', `/api/v1/plugins/${nameOf(kind as KindWithPlugin)}`, { kind, functionName, ...shared });
      }
      const to = (url: string) => ({ kind: 'upstream', targets: [{ url }] });
      const upstream = to(upstreamUrl());
      const text = (body: string) => ({ kind: 'static', body });
      const echo = { kind: 'function', plugin: 'echo' };
      await route('/matched', ['route_matcher'], text('matched'), { priority: 1 });
      await route('', [], text('not matched'));
      await route('/pre', ['pre_route'], echo);
      await route('/access', ['access_validator'], text('passed'));
      await route('/request', ['request_transformer'], upstream);
      await route('/response', ['response_transformer'], upstream);
      await route('/backend', [], { kind: 'function', plugin: nameOf('backend'), upstream });
      await route('/talk', ['websocket_transformer'], to(echoUrl()));
      await route('/chosen', [], echo, { match: [{ hosts: ['nobody-asks.test'] }] });
      const sink = { plugin: nameOf('sink'), include: [`/parked/${language}.*`] };
      const router = { plugin: nameOf('router'), include: [`/${language}/routed.*`] };
      await gateway.must('PUT', '/api/v1/settings?wait=applied&timeout=60s', { plugins: [sink, router] });
    });
    afterAll(() => gateway.must('PUT', '/api/v1/settings?wait=applied&timeout=60s', {}));

    it('route_matcher: with foo: bar the route is meant, without it the next one is', async () => {
      expect(await get('/matched', { foo: 'bar' })).toMatchObject({ status: 200, text: 'matched' });
      expect(await get('/matched', { foo: 'baz' })).toMatchObject({ status: 200, text: 'not matched' });
      expect(await get('/matched')).toMatchObject({ status: 200, text: 'not matched' });
    });

    it('pre_route: answers at once without a session, and sets an attribute with one', async () => {
      const refused = await get('/pre');
      expect(refused).toMatchObject({ status: 302, headers: { location: '/login', 'content-type': 'text/plain' }, text: 'please log in' });
      const passed = await get('/pre', { cookie: 'other=1; session=s42' });
      expect([passed.status, passed.json.attrs]).toEqual([200, { session: 's42' }]);
    });

    it('access_validator: lets foo: bar pass, and refuses with its own status and message or with 403', async () => {
      expect(await get('/access', { foo: 'bar' })).toMatchObject({ status: 200, text: 'passed' });
      expect(await get('/access')).toMatchObject({ status: 401, json: { error: "you're not authorized" } });
      expect((await get('/access', { foo: 'baz' })).status).toBe(403);
    });

    it('request_transformer: changes headers and body, leaves out nothing it keeps, and answers at once', async () => {
      const asked = (await gateway.proxy(0, `/${language}/request/a?b=c`, { method: 'POST', headers: { 'x-kept': 'yes' }, body: 'wörld' }))
        .json as Asked;
      expect(asked).toMatchObject({ url: '/a?b=c', headers: { foo: 'bar', 'x-kept': 'yes' }, body: 'hello wörld' });
      const bodiless = (await get('/request')).json as Asked;
      expect([bodiless.headers.foo, bodiless.body]).toEqual(['bar', '']);
      const blocked = await get('/request', { 'x-blocked': '1' });
      expect(blocked).toMatchObject({ status: 429, headers: { 'retry-after': '30' }, json: { message: 'blocked' } });
    });

    it('response_transformer: adds a header and keeps status and body, or answers in their place', async () => {
      const changed = await get('/response', { 'x-status': '418' });
      expect(changed).toMatchObject({ status: 418, headers: { foo: 'bar', 'x-upstream': 'yes' }, json: { url: '/' } });
      const replaced = await get('/response', { 'x-status': '503' });
      expect([replaced.status, replaced.text, replaced.headers['x-upstream']]).toEqual([502, 'back in a minute', undefined]);
    });

    it('backend: answers with status, headers and body, and leaves requests to its upstream', async () => {
      const page = await get('/backend?name=paris&name=rome');
      expect(page).toMatchObject({ status: 201, headers: { 'content-type': 'text/html' }, text: '<h1>hello paris</h1>' });
      const nameless = await get('/backend');
      expect(nameless).toMatchObject({ status: 400, headers: { 'content-type': 'application/json' }, json: { error: 'who are you?' } });
      expect((await get('/backend', { 'x-delegate': '1' })).headers['x-upstream']).toBe('yes');
    });

    it('websocket_transformer: changes messages on their way up and down, drops some, and leaves bytes as they are', async () => {
      const bytes = Buffer.from([0, 127, 128, 255]);
      const url = `${gateway.nodes[0]?.proxyUrl}/${language}/talk`;
      expect(await talk(url, ['hello wörld', 'a forbidden word', bytes, 'bye'], 3)).toEqual(['> HELLO WÖRLD', bytes, '> BYE']);
    });

    it('sink: answers what no route takes and it wants, told of the body; the rest stays a 404', async () => {
      const parked = await gateway.proxy(0, `/parked/${language}`, { method: 'POST', body: 'hi' });
      expect(parked).toMatchObject({ status: 200, headers: { 'content-type': 'text/plain' }, text: 'parked instead of 404, 2 bytes' });
      expect((await gateway.proxy(0, '/nowhere')).status).toBe(404);
      expect((await post('/matched', 'x')).status).toBe(200);
    });

    it('router: chooses the route, what is stripped, and its parameters; without a decision the routes stay', async () => {
      const chosen = await get('/routed/a/b', { 'x-route': `${language}-chosen` });
      expect([chosen.status, chosen.json.request.path, chosen.json.request.path_params]).toEqual([200, '/routed/a/b', { tenant: 'routed/a/b' }]);
      expect(await get('/routed/a')).toMatchObject({ status: 200, text: 'not matched' });
      const unknown = await get('/routed/a', { 'x-route': 'no-such-route' });
      expect([unknown.status, unknown.headers['x-torii-error']]).toEqual([502, 'plugin.unknown_route']);
    });
  });
}
