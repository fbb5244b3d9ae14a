import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BackendInput, RouterInput, SnapshotPlugin, SnapshotRoute, SnapshotSlot, TesterAnswer, Trial } from '@torii/contracts';
import { answeringGuest, answeringGuestWith, eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';

const node = new TestNode();
const plugins: SnapshotPlugin[] = [];
let routes: SnapshotRoute[];
let gate: SnapshotPlugin;

type Part = Parameters<typeof aPlugin>[1];

function kept(bytes: Uint8Array, part: Part): SnapshotPlugin {
  const made = aPlugin(node.artifacts.add(bytes), part);
  plugins.push(made);
  return made;
}

/** A router that answers so, whatever it is asked. */
async function router(name: string, output: unknown, part: Part = {}): Promise<SnapshotPlugin> {
  const text = typeof output === 'string' ? output : JSON.stringify(output);
  return kept(await answeringGuest(text), { name, kind: 'router', ...part });
}

/** Has these routers, and no other. */
const applyRouters = (...routers: SnapshotSlot[]) => node.apply(plugins, routes, routers);
const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${node.proxyUrl}${path}`, init);

async function answerOf(path: string, init?: RequestInit): Promise<[number, string]> {
  const answer = await get(path, init);
  return [answer.status, answer.headers.get('x-torii-error') ?? (await answer.text())];
}

async function tried(target: string, part: Partial<Trial> = {}): Promise<TesterAnswer> {
  const trial: Trial = { method: 'GET', target, rawHeaders: ['Host', 'any.test'], bodyBase64: '', timeoutMs: 20_000, ...part };
  const response = await node.asControlPlane('POST', '/internal/tester', trial);
  return (await response.json()) as TesterAnswer;
}

// biome-ignore lint/suspicious/noExplicitAny: what a step holds is read as a user's script would
function routingOf({ report }: TesterAnswer): any {
  return report?.steps.find(({ task }) => task === 'find-route')?.ctx;
}

const fixed = (body: string) => ({ kind: 'static' as const, status: 200, headers: {}, body });

beforeAll(async () => {
  await node.start({ TORII_DATA_THREADS: '1' });
  const echo = kept(await guest('echo'), { name: 'echo' });
  gate = kept(await answeringGuest('{"result":false}'), { name: 'gate', kind: 'access_validator' });
  const no = kept(await answeringGuest('{"result":false}'), { name: 'no', kind: 'route_matcher' });
  routes = [
    aRoute(echo, '/', { name: 'first', target: fixed('first') }),
    aRoute(echo, '/second', { name: 'second', target: fixed('second') }),
    aRoute(echo, '/third', {
      name: 'elsewhere',
      match: [{ hosts: ['elsewhere.test'], paths: [{ type: 'exact', value: '/third' }], methods: ['DELETE'] }],
      plugins: [aSlot(no)],
      target: fixed('elsewhere'),
    }),
    aRoute(echo, '/told', { name: 'told', stripPath: true }),
    aRoute(echo, '/closed', { name: 'closed', plugins: [aSlot(gate)], target: fixed('closed') }),
  ];
  await node.apply(plugins, routes);
});
afterAll(() => node.stop());

describe('a router', () => {
  it('chooses the route by its name or id, as a text or in an object', async () => {
    const id = routes[1]?.id;
    const forms = await Promise.all([
      router('by-name', { route: 'second' }),
      router('by-id', { route: id }),
      router('by-object', { route: { id, name: 'of no account', backend: { targets: [] } }, no_more_segments: true }),
      router('by-object-name', { route: { name: 'second' } }),
    ]);
    for (const form of forms) {
      await applyRouters(aSlot(form));
      expect(await answerOf('/anything')).toEqual([200, 'second']);
    }
  });

  it('chooses a route whatever host, path, method or route matcher that one asks for', async () => {
    await applyRouters(aSlot(await router('far', { route: 'elsewhere' })));
    expect(await answerOf('/anything')).toEqual([200, 'elsewhere']);
  });

  it('gets nobody past the validators of the route it chooses', async () => {
    await applyRouters(aSlot(await router('opens', { route: 'closed' })));
    expect((await get('/anything')).status).toBe(403);
  });

  it.each<[string, unknown]>([
    ['an object without a route', {}],
    ['null for a route', { route: null, path: '/second' }],
    ['null', null],
    ['false', false],
    ['a list', ['second']],
    ['a text', '"second"'],
    ['nothing', ''],
  ])('that answers %s leaves the route to the next one, and then to the routes', async (name, output) => {
    const undecided = await router(`undecided-${name.replaceAll(' ', '-')}`, output);
    await applyRouters(aSlot(undecided), aSlot(await router('decides', { route: 'second' }), { include: ['/decided'] }));
    expect([await answerOf('/decided'), await answerOf('/else'), await answerOf('/second')]).toEqual([
      [200, 'second'],
      [200, 'first'],
      [200, 'second'],
    ]);
  });

  it('is told the request, its config and the attributes, and nothing of a route', async () => {
    const shows = kept(await answeringGuest('{"route":"told","attrs":{"set":{"input":', '}}}'), {
      name: 'shows',
      kind: 'router',
      config: { own: '1', both: '1' },
    });
    const before = await router('before', { attrs: { set: { earlier: 1 } } });
    await applyRouters(aSlot(before), aSlot(shows, { config: { both: { of: 'slot' } } }));
    const { attrs } = (await (await get('/told/a?q=1', { method: 'POST', body: 'unread' })).json()) as BackendInput;
    const input = attrs.input as RouterInput;
    expect(Object.keys(input).sort()).toEqual(['attrs', 'config', 'request']);
    expect(input).toMatchObject({
      attrs: { earlier: 1 },
      config: { own: '1', both: { of: 'slot' } },
      request: { method: 'POST', path: '/told/a', query: { q: ['1'] }, path_params: {}, has_body: true },
    });
    expect(attrs).toMatchObject({ earlier: 1 });
  });

  it('says what of the path the route strips, and the parameters that plugins find', async () => {
    const paths = ['/told', '/told/', '/told/a%20b', '/told/a b', '', '/'];
    const named = paths.map((path, index) => router(`path-${index}`, { route: 'told', path, path_params: { id: '7' } }));
    const slots = (await Promise.all(named)).map((one, index) => aSlot(one, { include: [`.*/${index}`] }));
    await applyRouters(...slots);
    const inputs = await Promise.all(paths.map(async (_, index) => (await get(`/told/a%20b/${index}`)).json() as Promise<BackendInput>));
    expect(inputs.map(({ request }) => [request.path, request.path_params])).toEqual([
      ['/a%20b/0', { id: '7' }],
      ['/a%20b/1', { id: '7' }],
      ['/2', { id: '7' }],
      ['/3', { id: '7' }],
      ['/told/a%20b/4', { id: '7' }],
      ['/told/a%20b/5', { id: '7' }],
    ]);
  });

  it('runs on the paths of its slot alone', async () => {
    await applyRouters(aSlot(await router('narrow', { route: 'second' }), { include: ['/narrow.*'], exclude: ['/narrow/not'] }));
    expect([await answerOf('/narrow/a'), await answerOf('/narrow/not'), await answerOf('/a')]).toEqual([
      [200, 'second'],
      [200, 'first'],
      [200, 'first'],
    ]);
  });

  it.each<[string, unknown, string]>([
    ['a route that is not there', { route: 'gone' }, 'plugin.unknown_route'],
    ['a route made up', { route: { id: 'route_1', name: 'made up', frontend: {}, backend: {} } }, 'plugin.unknown_route'],
    ['a route without id and name', { route: { frontend: {} } }, 'plugin.unknown_route'],
    ['a route that is no reference', { route: 5 }, 'plugin.bad_output'],
    ['a path that is not that of the request', { route: 'second', path: '/other' }, 'plugin.bad_output'],
    ['a path that goes on where the request does not', { route: 'second', path: '/fail/a/b' }, 'plugin.bad_output'],
    ['no JSON', 'second', 'plugin.bad_output'],
  ])('that answers %s fails the request, or is passed over, as its slot says', async (name, output, code) => {
    const wrong = await router(`wrong-${name.replaceAll(' ', '-')}`, output);
    await applyRouters(aSlot(wrong, { include: ['/fail/a'] }), aSlot(wrong, { onError: 'skip' }));
    expect([await answerOf('/fail/a'), await answerOf('/skip')]).toEqual([
      [502, code],
      [200, 'first'],
    ]);
  });

  it('that fails decides nothing as Otoroshi has it, but a route that is not there stays an error', async () => {
    const compat = { compat: 'otoroshi' } as const;
    const text = await router('compat-text', 'second', compat);
    const path = await router('compat-path', { route: 'second', path: '/other' }, compat);
    const gone = await router('compat-gone', { route: 'gone' }, compat);
    const traps = kept(await guest('trap'), { name: 'compat-trap', kind: 'router', ...compat });
    await applyRouters(
      aSlot(traps, { include: ['/trap'] }),
      aSlot(text, { include: ['/text'] }),
      aSlot(path, { include: ['/path'] }),
      aSlot(gone, { include: ['/gone'] }),
    );
    expect([await answerOf('/trap'), await answerOf('/text'), await answerOf('/path'), await answerOf('/gone')]).toEqual([
      [200, 'first'],
      [200, 'first'],
      [200, 'second'],
      [502, 'plugin.unknown_route'],
    ]);
  });

  it('that does not come to an end is stopped at its deadline', async () => {
    const loops = kept(await guest('loop-forever'), { name: 'loops', kind: 'router', limits: { cpuMs: 20, wallMs: 200 } });
    await applyRouters(aSlot(loops, { include: ['/loops'] }), aSlot(loops, { include: ['/skipped'], onError: 'skip' }));
    expect([await answerOf('/loops'), await answerOf('/skipped')]).toEqual([
      [504, 'plugin.deadline_exceeded'],
      [200, 'first'],
    ]);
  });

  it('hands its attributes on to a sink when no route takes the request', async () => {
    const sets = await router('sets', { attrs: { set: { seen: 'yes' } } });
    const sink = kept(
      await answeringGuestWith({ sink_matches: { before: '{"result":true}' }, sink_handle: { before: '{"status":410,"body_json":', after: '}' } }),
      { name: 'last', kind: 'sink', functionName: 'sink_handle' },
    );
    await node.apply(plugins, routes.slice(1), [aSlot(sets), aSlot(sink)]);
    const answer = await get('/nowhere');
    expect([answer.status, await answer.json()]).toMatchObject([410, { attrs: { seen: 'yes' } }]);
    await node.apply(plugins, routes);
  });

  it('chooses among the routes that there are now, as they come, change their name and go', async () => {
    const slot = aSlot(await router('current', { route: 'second' }));
    const [first, second, ...others] = routes;
    if (first === undefined || second === undefined) throw new Error('there are no routes');
    const tables = [[first], [first, second], [first, { ...second, name: 'renamed' }], [{ ...first, name: 'second' }, ...others]];
    const outcomes: unknown[] = [];
    for (const table of tables) {
      await node.apply(plugins, table, [slot]);
      outcomes.push(await answerOf('/anything'));
    }
    expect(outcomes).toEqual([
      [502, 'plugin.unknown_route'],
      [200, 'second'],
      [502, 'plugin.unknown_route'],
      [200, 'first'],
    ]);
    await node.apply(plugins, routes);
  });

  it('counts as a call of its plugin', async () => {
    await applyRouters(aSlot(await router('counted', { route: 'second' })));
    await get('/anything', { headers: { 'x-request-id': 'router-counted' } });
    const line = await eventually(() => {
      const found = node.node.logs.find((text) => text.includes('"router-counted"'));
      if (found === undefined) throw new Error('no line yet');
      return JSON.parse(found);
    });
    expect(line).toMatchObject({ route: 'second', slots: [{ kind: 'router', plugin: 'counted' }] });
  });

  it('is named by the tester as the reason for the route, and for what the others lost by', async () => {
    const by = await router('teller', { route: 'elsewhere', path_params: { id: '7' } });
    const gone = await router('teller-gone', { route: 'gone' });
    await applyRouters(aSlot(by, { exclude: ['/gone'] }), aSlot(gone));
    const answer = await tried('/second');
    expect(answer.report?.steps.map(({ task }) => task)).toContain('call-router-plugins');
    const { found_route, chosen_by, params, candidates } = routingOf(answer);
    expect([found_route.name, chosen_by, params]).toEqual(['elsewhere', 'teller', { id: '7' }]);
    expect(candidates.slice(0, 3)).toEqual([
      { route: 'elsewhere', lost_by: null, detail: 'answers the request, because the router "teller" chose it' },
      { route: 'first', lost_by: 'router', detail: 'fits, but the router "teller" chose "elsewhere"' },
      { route: 'second', lost_by: 'router', detail: 'fits, but the router "teller" chose "elsewhere"' },
    ]);
    const failed = await tried('/gone');
    expect(failed.report?.torii.error).toMatchObject({ code: 'plugin.unknown_route' });
    expect(routingOf(failed).candidates[0]).toMatchObject({ route: 'first', lost_by: 'not_asked', detail: expect.stringContaining('router') });
  });

  it('chooses among the routes of a draft too', async () => {
    await applyRouters(aSlot(await router('drafter', { route: 'drafted' })));
    expect(await answerOf('/anything')).toEqual([502, 'plugin.unknown_route']);
    const drafted = aRoute(gate, '/drafted', { name: 'drafted', target: fixed('drafted') });
    const { response } = await tried('/anything', { draft: { routes: [drafted], without: [], plugins: [] } });
    expect(response).toMatchObject({ status: 200, body: 'drafted' });
  });
});
