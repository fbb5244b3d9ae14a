import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  debugHeader,
  type Problem,
  type Report,
  reportHeader,
  type ServedKind,
  type SnapshotPlugin,
  type SnapshotRoute,
  type TesterAnswer,
  type Trial,
  testerLimits,
  UpstreamTarget,
} from '@torii/contracts';
import { debugTokenKey, Secret, signDebugToken } from '@torii/service-kit';
import { answeringGuest, answeringGuestWith, eventually, guest, startUpstream } from '@torii/test-kit';
import fc from 'fast-check';
import { hostCaller } from './a-host-caller.js';
import { aPlugin, aRoute, nodeToken, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';

const node = new TestNode();
const plugins: SnapshotPlugin[] = [];
const routes: SnapshotRoute[] = [];
const key = debugTokenKey(new Secret(nodeToken));
const fixed = (body: string) => ({ kind: 'static' as const, status: 200, headers: {}, body });

async function plugin(name: string, kind: ServedKind, output: object, part: Parameters<typeof aPlugin>[1] = {}): Promise<SnapshotPlugin> {
  const made = aPlugin(node.artifacts.add(await answeringGuest(JSON.stringify(output))), { name, kind, ...part });
  plugins.push(made);
  return made;
}

beforeAll(async () => {
  await node.start({ TORII_DATA_THREADS: '1' });
  const echo = aPlugin(node.artifacts.add(await guest('echo')), { name: 'echo', limits: { requestMaxBytes: 100_000 } });
  const trap = aPlugin(node.artifacts.add(await guest('trap')), { name: 'trap' });
  const loop = aPlugin(node.artifacts.add(await guest('loop-forever')), { name: 'loop', limits: { cpuMs: 60_000, wallMs: 60_000 } });
  plugins.push(echo, trap, loop);
  const gate = await plugin('gate', 'access_validator', { result: false, error: { message: 'closed', status: 423 } });
  const open = await plugin('open', 'access_validator', { result: true });
  const rewrite = await plugin('rewrite', 'request_transformer', { method: 'PUT', headers: { 'x-new': '1' }, body_str: 'changed' });
  const stamp = await plugin('stamp', 'response_transformer', { headers: { 'x-stamp': '1' }, body_str: 'stamped' });
  const no = await plugin('no', 'route_matcher', { result: false });
  const nested = `${'['.repeat(7_000)}${']'.repeat(7_000)}`;
  const deep = aPlugin(node.artifacts.add(await answeringGuest(`{"body_str":"deep","x":${nested}}`)), { name: 'deep' });
  plugins.push(deep);
  routes.push(
    aRoute(echo, '/echo'),
    aRoute(trap, '/trap'),
    aRoute(loop, '/loop'),
    aRoute(deep, '/deep'),
    aRoute(echo, '/closed', { plugins: [aSlot(gate, { exclude: ['/closed/open'] })] }),
    aRoute(echo, '/changed', { plugins: [aSlot(stamp), aSlot(rewrite), aSlot(open), aSlot(gate, { include: ['/never'] })] }),
    aRoute(echo, '/fixed', { target: fixed('hello') }),
    aRoute(echo, '/asked', { name: 'refuses', priority: 1, plugins: [aSlot(no)], target: fixed('never') }),
    aRoute(echo, '/asked', { name: 'takes', target: fixed('taken') }),
    aRoute(echo, '/asked', { name: 'zz-takes', target: fixed('second') }),
  );
  await node.apply(plugins, routes);
});
afterAll(() => node.stop());

function aTrial(target: string, part: Partial<Trial> = {}): Trial {
  return { method: 'GET', target, rawHeaders: ['Host', 'any.test'], bodyBase64: '', timeoutMs: 20_000, ...part };
}

async function tried(target: string, part: Partial<Trial> = {}): Promise<TesterAnswer> {
  const response = await node.asControlPlane('POST', '/internal/tester', aTrial(target, part));
  const answer = await response.json();
  if (response.status !== 200) throw new Error(`the tester answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer as TesterAnswer;
}

function reportOf({ report }: TesterAnswer): Report {
  if (report === null) throw new Error('there is no report');
  return report;
}

// biome-ignore lint/suspicious/noExplicitAny: what a step holds is read as a user's script would
function contextOf(report: Report, task: string): any {
  const step = report.steps.find((one) => one.task === task);
  if (step === undefined) throw new Error(`there is no ${task} among ${report.steps.map((one) => one.task)}`);
  return step.ctx;
}

const tasksOf = (report: Report): string[] => report.steps.map(({ task }) => task);

describe('a request that is tried', () => {
  it('is answered as traffic is, with a report of every step in order and within the time of the whole', async () => {
    const body = Buffer.from('{"a":1}');
    const answer = await tried('/echo/deep?q=1', {
      method: 'POST',
      rawHeaders: ['Host', 'any.test', 'Content-Length', String(body.length), 'X-Own', 'yes'],
      bodyBase64: body.toString('base64'),
    });
    expect(answer).toMatchObject({ error: null, response: { status: 200, truncated: false } });
    const report = reportOf(answer);
    expect(tasksOf(report)).toEqual(['start-handling', 'find-route', 'read-body', 'call-backend', 'stream-response']);
    expect(report).toMatchObject({
      state: 'Successful',
      torii: { revision: 1, draft: false, status: 200, error: null, request: { method: 'POST', host: 'any.test', path: '/echo/deep' } },
    });
    let at = Date.parse(report.creation);
    for (const { start, stop, duration_ns } of report.steps) {
      expect(start).toBeGreaterThanOrEqual(at);
      expect(stop).toBeGreaterThanOrEqual(start);
      expect(duration_ns).toBeLessThanOrEqual(report.duration_ns);
      at = start;
    }
    expect(report.overhead_ns).toBe(report.overhead_in_ns + report.overhead_out_ns);
    const [call] = contextOf(report, 'call-backend').plugins;
    expect(call).toMatchObject({
      plugin: 'echo',
      execution_debug: { in: { ctx: { raw_request: { headers: { 'X-Own': 'yes' } } } }, out: { result: { kind: 'successful', status: 200 } } },
      torii: {
        kind: 'backend',
        instance: { state: 'warm' },
        guest: { memory_bytes: expect.any(Number) },
        input: { bytes: expect.any(Number) },
        output: { lenient: false },
      },
    });
    const { encode_ns } = call.torii.input;
    expect(encode_ns + call.torii.queue.wait_ns + call.torii.guest.wall_ns + call.torii.output.decode_ns).toBeLessThanOrEqual(call.duration_ns);
  });

  it('has no trace of the tester in what plugins see', async () => {
    const { response } = await tried('/echo');
    expect(response?.body).not.toContain(debugHeader);
    expect(response?.headers).not.toHaveProperty(reportHeader);
  });

  it('is explained when no route takes it', async () => {
    const answer = await tried('/nowhere');
    expect(answer.response?.status).toBe(404);
    const report = reportOf(answer);
    expect(report).toMatchObject({ state: 'Failed', torii: { error: { code: 'routing.no_route' } } });
    const { found_route, candidates, matched_routes, lost_by } = contextOf(report, 'find-route');
    expect([found_route, matched_routes, lost_by]).toEqual([null, [], { path: routes.length }]);
    expect(candidates).toHaveLength(routes.length);
  });

  it('is explained when routes refuse it, outrank each other, or do not fit', async () => {
    const answer = await tried('/asked');
    expect(answer.response?.body).toBe('taken');
    const report = reportOf(answer);
    expect(tasksOf(report)).toEqual(['start-handling', 'find-route', 'call-route-matcher-plugins', 'call-backend', 'stream-response']);
    const { found_route, matched_routes, candidates } = contextOf(report, 'find-route');
    expect(found_route.name).toBe('takes');
    expect(matched_routes.sort()).toEqual(['refuses', 'takes', 'zz-takes']);
    expect(candidates.slice(0, 3)).toEqual([
      { route: 'takes', lost_by: null, detail: 'answers the request' },
      { route: 'zz-takes', lost_by: 'name', detail: expect.stringContaining('takes') },
      { route: 'refuses', lost_by: 'refused', detail: expect.any(String) },
    ]);
    expect(contextOf(report, 'call-route-matcher-plugins').plugins).toMatchObject([
      { plugin: 'no', execution_debug: { out: { result: { kind: 'denied' } } } },
    ]);
  });

  it('is explained as it is answered, whatever the routes and the request', async () => {
    const segment = fc.constantFrom('a', 'b', ':', '*');
    const match = fc.record({
      hosts: fc.subarray(['x.test', '*.test', 'y.*.test'], { maxLength: 1 }),
      paths: fc
        .array(segment, { minLength: 1, maxLength: 2 })
        .map((parts) => [
          { type: 'template' as const, value: `/prop/${parts.map((part, index) => (part === ':' ? `:p${index}` : part)).join('/')}` },
        ]),
      methods: fc.subarray(['GET', 'POST'], { maxLength: 1 }),
    });
    const table = fc.array(fc.record({ match: fc.array(match, { minLength: 1, maxLength: 2 }), priority: fc.constantFrom(0, 0, 1) }), {
      maxLength: 6,
    });
    const asked = fc.record({
      host: fc.constantFrom('x.test', 'z.test', 'y.z.test'),
      path: fc.constantFrom('/prop/a', '/prop/b', '/prop/a/b', '/prop/c/a'),
      method: fc.constantFrom('GET', 'POST'),
    });
    const property = fc.asyncProperty(table, asked, async (drafted, { host, path, method }) => {
      const own = drafted.map((part, index) => aRoute(plugins[0] as SnapshotPlugin, '/', { name: `p${index}`, target: fixed(`p${index}`), ...part }));
      const answer = await tried(path, { method, rawHeaders: ['Host', host], draft: { routes: own, without: [], plugins: [] } });
      const { found_route, candidates } = contextOf(reportOf(answer), 'find-route');
      const winners = candidates.filter(({ lost_by }: { lost_by: unknown }) => lost_by === null).map(({ route }: { route: string }) => route);
      if (answer.response?.status === 200) expect([found_route.name, winners]).toEqual([answer.response.body, [answer.response.body]]);
      else expect([[404, 405].includes(answer.response?.status ?? 0), found_route, winners]).toEqual([true, null, []]);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  it('shows what each slot said and changed, and which were passed over', async () => {
    const closed = await tried('/closed');
    expect(closed.response?.status).toBe(423);
    expect(contextOf(reportOf(closed), 'call-access-validator-plugins').plugins).toMatchObject([
      { plugin: 'gate', execution_debug: { out: { result: { kind: 'denied', status: 423 }, ctx: { result: false } } } },
    ]);
    expect(tasksOf(reportOf(closed))).not.toContain('call-backend');

    const changed = await tried('/changed');
    expect(changed.response).toMatchObject({ status: 200, body: 'stamped', headers: { 'x-stamp': '1' } });
    const report = reportOf(changed);
    expect(tasksOf(report)).toEqual([
      'start-handling',
      'find-route',
      'call-access-validator-plugins',
      'transform-request',
      'call-backend',
      'transform-response',
      'stream-response',
    ]);
    expect(contextOf(report, 'call-access-validator-plugins').plugins.map((one: { execution_debug: object }) => one.execution_debug)).toMatchObject([
      { out: { result: { kind: 'allowed' } } },
      { out: { result: { kind: 'excluded' } } },
    ]);
    expect(contextOf(report, 'transform-request').plugins[0].torii.changes).toMatchObject({
      request: {
        method: { before: 'GET', after: 'PUT' },
        headers: { added: { 'x-new': '1' }, removed: { host: 'any.test' } },
        body: { before_bytes: 0, after_bytes: 7 },
      },
    });
    expect(contextOf(report, 'transform-response').plugins[0].torii.changes).toMatchObject({
      response: { headers: { added: { 'x-stamp': '1' } }, body: { after_bytes: 7 } },
    });
  });

  it('shows each server of an upstream that was tried', async () => {
    const upstream = await startUpstream((_req, res) => void res.end('from afar'));
    const to = (...urls: string[]) => ({ target: UpstreamTarget.parse({ kind: 'upstream', targets: urls.map((url) => ({ url })) }) });
    const echo = plugins[0] as SnapshotPlugin;
    const drafted = [aRoute(echo, '/near', to(upstream.url)), aRoute(echo, '/gone', to('http://127.0.0.1:1'))];
    const draft = { draft: { routes: drafted, without: [], plugins: [] } };
    const near = await tried('/near', draft);
    expect(near.response?.body).toBe('from afar');
    expect(contextOf(reportOf(near), 'call-backend').attempts).toMatchObject([
      { url: upstream.url, status: 200, error: null, reused_connection: false, headers_ns: expect.any(Number), connect_ns: expect.any(Number) },
    ]);
    const gone = await tried('/gone', draft);
    expect(gone.response?.status).toBe(502);
    expect(contextOf(reportOf(gone), 'call-backend').attempts[0]).toMatchObject({ status: null, error: 'upstream.unreachable' });
    await upstream.close();
  });

  it('is answered with no word of an upstream about reports: only the gateway makes them', async () => {
    const upstream = await startUpstream((_request, response) => {
      response.setHeader(reportHeader, 'rp_forged').setHeader(debugHeader, 'expired').setHeader('x-own', 'yes').end();
    });
    const target = UpstreamTarget.parse({ kind: 'upstream', targets: [{ url: upstream.url }] });
    const draft = { routes: [aRoute(plugins[0] as SnapshotPlugin, '/forges', { target })], without: [], plugins: [] };
    const { response } = await tried('/forges', { draft });
    expect(response?.headers).toMatchObject({ 'x-own': 'yes' });
    expect(response?.headers).not.toHaveProperty(reportHeader);
    expect(response?.headers).not.toHaveProperty(debugHeader);
    await upstream.close();
  });

  it('is reported when its plugin fails', async () => {
    const answer = await tried('/trap');
    expect(answer.response).toMatchObject({ status: 502, headers: { 'x-torii-error': 'plugin.trapped' } });
    const report = reportOf(answer);
    expect(report).toMatchObject({ state: 'Failed', torii: { error: { code: 'plugin.trapped', owner: 'plugin' } } });
    expect(contextOf(report, 'call-backend').plugins).toMatchObject([
      {
        execution_debug: { out: { result: { kind: 'failure', error: { cause: 'plugin.trapped' } } } },
        torii: { guest: { cpu_ns: expect.any(Number) } },
      },
    ]);
  });

  it('is reported when what a plugin wrote is nested deeper than threads can tell each other', async () => {
    const answer = await tried('/deep');
    expect(answer.response?.body).toBe('deep');
    const [call] = contextOf(reportOf(answer), 'call-backend').plugins;
    expect(call.execution_debug.out.ctx).toMatch(/^\{"body_str":"deep","x":\[{1000}/);
  });

  it('is given up at its deadline, and its report says so', async () => {
    const answer = await tried('/loop', { timeoutMs: 1_000 });
    expect(answer).toMatchObject({ response: null, error: { code: 'no_response', detail: 'there was no response within 1000 ms' } });
    expect(reportOf(answer)).toMatchObject({ state: 'Failed', torii: { error: { code: 'client.gone' } } });
  });

  it('has a response that is cut where it is long', async () => {
    const long = await node.asControlPlane('POST', '/internal/tester', {
      ...aTrial('/long'),
      draft: {
        routes: [aRoute(plugins[0] as SnapshotPlugin, '/long', { target: fixed('é'.repeat(testerLimits.responseBodyMaxBytes)) })],
        without: [],
        plugins: [],
      },
    });
    const { response } = (await long.json()) as TesterAnswer;
    expect(response).toMatchObject({ bytes: 2 * testerLimits.responseBodyMaxBytes, truncated: true });
    expect(new Set(response?.body)).toEqual(new Set('é'));
  });

  it('is for the control plane alone to ask for', async () => {
    const post = (headers: Record<string, string>) =>
      fetch(`${node.internalUrl}/internal/tester`, { method: 'POST', headers, body: JSON.stringify(aTrial('/echo')) });
    expect((await post({})).status).toBe(401);
    expect((await post({ authorization: 'Bearer another-token-altogether' })).status).toBe(401);
    expect((await node.asControlPlane('POST', '/internal/tester', { ...aTrial('/echo'), more: 1 })).status).toBe(422);
    expect((await node.asControlPlane('GET', '/internal/tester')).status).toBe(404);
  });
});

describe('a draft', () => {
  const draftOf = (draft: Partial<NonNullable<Trial['draft']>>) => ({ draft: { routes: [], without: [], plugins: [], ...draft } });

  it('is laid over what is served, for the request that is tried and no other', async () => {
    const saved = routes.find(({ name }) => name === 'route-fixed') as SnapshotRoute;
    const fresh = aPlugin(node.artifacts.add(await answeringGuest('{"body_str":"of a draft"}')), { name: 'fresh' });
    const replaced = { ...saved, target: { kind: 'function' as const, plugin: fresh.id, version: fresh.version } };
    const added = aRoute(fresh, '/added', { target: fixed('added') });
    const draft = draftOf({ routes: [replaced, added], plugins: [fresh] });

    const [first, second, other] = [await tried('/fixed', draft), await tried('/added', draft), await tried('/echo', draft)];
    expect([first.response?.body, second.response?.body, other.response?.status]).toEqual(['of a draft', 'added', 200]);
    expect(reportOf(first)).toMatchObject({ torii: { draft: true, revision: 1 } });
    expect(contextOf(reportOf(first), 'find-route').candidates).toHaveLength(routes.length + 1);

    expect(await (await fetch(`${node.proxyUrl}/fixed`)).text()).toBe('hello');
    expect((await tried('/added')).response?.status).toBe(404);
    expect((await tried('/fixed', draftOf({ without: [saved.id] }))).response?.status).toBe(404);
    expect((await tried('/fixed')).response?.body).toBe('hello');
  });

  it('that cannot be served is refused with the reason, and leaves nothing behind', async () => {
    const refusal = async (draft: Partial<NonNullable<Trial['draft']>>) => {
      const response = await node.asControlPlane('POST', '/internal/tester', { ...aTrial('/fixed'), ...draftOf(draft) });
      return [response.status, ((await response.json()) as Problem).code];
    };
    const unknown = aPlugin('0'.repeat(64), { name: 'unknown' });
    expect(await refusal({ routes: [aRoute(unknown, '/x')], plugins: [unknown] })).toEqual([503, 'config.unknown_artifact']);
    expect(await refusal({ routes: [aRoute(unknown, '/x')] })).toEqual([503, 'config.invalid_snapshot']);
    const broken = aPlugin(node.artifacts.add(Uint8Array.of(0, 1, 2)), { name: 'broken' });
    expect(await refusal({ routes: [aRoute(broken, '/x')], plugins: [broken] })).toEqual([503, 'config.compile_failed']);
    expect((await tried('/fixed')).response?.body).toBe('hello');
  });

  it('has other slots for all routes, which stand before their own, in the place of those that are served', async () => {
    const answering = async (name: string, kind: ServedKind, output: object) =>
      aPlugin(node.artifacts.add(await answeringGuest(JSON.stringify(output))), { name, kind });
    const gate = await answering('gate-of-all', 'access_validator', { result: false, error: { message: 'all closed', status: 418 } });
    const sink = await answeringGuestWith({
      sink_matches: { before: '{"result":true}' },
      sink_handle: { before: '{"status":299,"body_str":"sunk"}' },
    });
    const sunk = aPlugin(node.artifacts.add(sink), { name: 'sunk', kind: 'sink', functionName: 'sink_handle' });
    const globals = draftOf({ globalPlugins: [aSlot(gate, { exclude: ['/fixed'] }), aSlot(sunk)], plugins: [gate, sunk] });
    const statusOf = async (path: string, draft: Partial<Trial>) => (await tried(path, draft)).response?.status;
    expect([await statusOf('/echo', globals), await statusOf('/closed', globals), await statusOf('/fixed', globals)]).toEqual([418, 418, 200]);
    expect(await statusOf('/nowhere', globals)).toBe(299);
    const open = plugins.find(({ name }) => name === 'open') as SnapshotPlugin;
    const changed = await tried('/changed', draftOf({ globalPlugins: [aSlot(open)], plugins: [open] }));
    const asked = contextOf(reportOf(changed), 'call-access-validator-plugins');
    expect(asked.plugins.map(({ plugin: name }: { plugin: string }) => name)).toEqual(['open', 'open', 'gate']);

    await node.apply([...plugins, gate], routes, [aSlot(gate)]);
    expect([await statusOf('/fixed', {}), await statusOf('/fixed', draftOf({ globalPlugins: [] }))]).toEqual([418, 200]);
    expect(await statusOf('/closed', draftOf({ globalPlugins: [] }))).toBe(423);
    await node.apply(plugins, routes);
  });

  it('has stores of its own for plugins that are not saved, which are empty for each request, and leaves those of saved ones alone', async () => {
    const count = (name: string) => ({ name, argument: '{"key":"n","incr":1}', answers: 'number' as const });
    const module = node.artifacts.add(await hostCaller([count('proxy_plugin_datastore_incrby'), count('proxy_datastore_incrby')]));
    const grants = ['plugin_datastore:write', 'global_datastore:write'] as const;
    const counter = aPlugin(module, { name: 'counter', grants: [...grants] });
    const route = aRoute(counter, '/count');
    const numbers = async (draft: NonNullable<Trial['draft']>) => JSON.parse((await tried('/count', { draft })).response?.body ?? '');
    const saved = { routes: [route], without: [], plugins: [counter] };
    const unsaved = { ...saved, scratch: [`${counter.id}@1`] };
    expect([await numbers(saved), await numbers(unsaved), await numbers(unsaved), await numbers(saved)]).toEqual([
      [1, 1],
      [1, 1],
      [1, 1],
      [2, 2],
    ]);
  });

  it('is served while the configuration changes', async () => {
    const added = aRoute(plugins[0] as SnapshotPlugin, '/late', { target: fixed('late') });
    const trials = Array.from({ length: 4 }, () => tried('/late', draftOf({ routes: [added] })));
    await node.apply(plugins, routes);
    for (const { response } of await Promise.all(trials)) expect(response?.body).toBe('late');
  });
});

describe('live traffic with a token', () => {
  const inAnHour = Math.floor(Date.now() / 1000) + 3_600;
  const get = (path: string, token: string): Promise<Response> => fetch(`${node.proxyUrl}${path}`, { headers: { [debugHeader]: token } });

  async function reportNamed(response: Response): Promise<Report> {
    const id = response.headers.get(reportHeader);
    return eventually(async () => {
      const found = await node.asControlPlane('GET', `/internal/reports/${id}`);
      if (found.status !== 200) throw new Error(`the report ${id} is answered ${found.status}`);
      return (await found.json()) as Report;
    });
  }

  it('is reported, and neither plugins nor other callers see the token', async () => {
    const response = await get('/echo', signDebugToken(key, { exp: inAnHour }));
    expect(await response.text()).not.toContain(debugHeader);
    const report = await reportNamed(response);
    expect(report).toMatchObject({ id: response.headers.get(reportHeader), state: 'Successful' });
    expect(tasksOf(report)).toContain('call-backend');
    expect((await fetch(`${node.internalUrl}/internal/reports/${report.id}`)).status).toBe(401);
    expect((await fetch(`${node.proxyUrl}/echo`)).headers.get(reportHeader)).toBeNull();
  });

  it('is served without a report when the token is expired, forged, or no token', async () => {
    const forged = signDebugToken(debugTokenKey(new Secret('some-other-node-token')), { exp: inAnHour });
    for (const [token, reason] of [
      [signDebugToken(key, { exp: 1 }), 'expired'],
      [forged, 'invalid'],
      ['nonsense', 'invalid'],
      [randomUUID(), 'invalid'],
    ] as const) {
      const response = await get('/echo', token);
      expect([response.status, response.headers.get(debugHeader), response.headers.get(reportHeader)]).toEqual([200, reason, null]);
      expect(await response.text()).not.toContain(debugHeader);
    }
  });

  it('is served without a report when its token is revoked, while one of the epoch that is now has one', async () => {
    const [before, after] = [signDebugToken(key, { exp: inAnHour }), signDebugToken(key, { exp: inAnHour, epoch: 'now' })];
    const outcomes = async (): Promise<(string | null)[]> =>
      Promise.all([before, after].map(async (token) => (await get('/fixed', token)).headers.get(debugHeader)));
    expect(await outcomes()).toEqual([null, 'revoked']);
    node.debugEpoch = 'now';
    await node.apply(plugins, routes);
    expect(await outcomes()).toEqual(['revoked', null]);
    node.debugEpoch = undefined;
    await node.apply(plugins, routes);
    expect(await outcomes()).toEqual([null, 'revoked']);
  });

  it('is reported for the route of the token alone', async () => {
    const route = routes.find(({ name }) => name === 'route-fixed') as SnapshotRoute;
    const token = signDebugToken(key, { exp: inAnHour, route: route.id });
    expect(await reportNamed(await get('/fixed', token))).toMatchObject({ torii: { status: 200 } });
    const other = await get('/echo', token);
    expect([other.status, other.headers.get(reportHeader)]).toEqual([200, null]);
    expect((await get('/nowhere', token)).headers.get(reportHeader)).toBeNull();
  });

  it('is served without a report when too many are under way', async () => {
    const token = signDebugToken(key, { exp: inAnHour });
    const abort = new AbortController();
    const looping = Array.from({ length: testerLimits.recordedAtOnceMax }, () =>
      fetch(`${node.proxyUrl}/loop`, { headers: { [debugHeader]: token }, signal: abort.signal }).catch(() => undefined),
    );
    await eventually(async () => {
      const response = await get('/fixed', token);
      expect([response.status, response.headers.get(debugHeader), response.headers.get(reportHeader)]).toEqual([200, 'busy', null]);
    });
    abort.abort();
    await Promise.all(looping);
    await eventually(async () => expect((await get('/fixed', token)).headers.get(reportHeader)).not.toBeNull());
  });
});
