import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SinkHandleInput, SnapshotPlugin, SnapshotRoute, SnapshotSlot } from '@torii/contracts';
import { answeringGuest, answeringGuestWith, eventually, type GuestAnswer, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';

const node = new TestNode();
const plugins: SnapshotPlugin[] = [];

type Kind = SnapshotPlugin['kind'];
type Part = Parameters<typeof aPlugin>[1];

async function plugin(name: string, kind: Kind, before: string | object, after?: string): Promise<SnapshotPlugin> {
  const text = typeof before === 'string' ? before : JSON.stringify(before);
  return kept(await answeringGuest(text, after), { name, kind });
}

/** A sink that says this about taking a request, and answers so. */
async function sink(name: string, question: string, answer: GuestAnswer, part: Part = {}): Promise<SnapshotPlugin> {
  const bytes = await answeringGuestWith({ sink_matches: { before: question }, sink_handle: answer });
  return kept(bytes, { name, kind: 'sink', functionName: 'sink_handle', ...part });
}

function kept(bytes: Uint8Array, part: Part): SnapshotPlugin {
  const made = aPlugin(node.artifacts.add(bytes), part);
  plugins.push(made);
  return made;
}

const yes = '{"result":true}';
const no = '{"result":false}';
const answer = (text: string): GuestAnswer => ({ before: JSON.stringify({ body_str: text, headers: { 'x-sink': text } }) });
const fixed = (body: string) => ({ target: { kind: 'static' as const, status: 202, headers: {}, body } });
const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${node.proxyUrl}${path}`, init);

describe('slots of the settings', () => {
  let echo: SnapshotPlugin;
  let globals: SnapshotSlot[];
  let routes: SnapshotRoute[];

  beforeAll(async () => {
    await node.start({ TORII_DATA_THREADS: '1' });
    echo = kept(await guest('echo'), { name: 'echo' });
    // Each answers with what it was given as attributes, so that the last one tells the order of all.
    const told = (name: string, kind: Kind) => plugin(name, kind, `{"result":true,"attrs":{"set":{"${name}":`, '}}}');
    const [preRoute, validator, ownPreRoute] = await Promise.all([
      told('global-pre-route', 'pre_route'),
      told('global-validator', 'access_validator'),
      told('own-pre-route', 'pre_route'),
    ]);
    const stamp = await plugin('stamp', 'response_transformer', { headers: { 'x-stamp': 'all' } });
    const refuses = await plugin('refuses', 'access_validator', { result: false });
    globals = [aSlot(stamp, { exclude: ['/unstamped'] }), aSlot(validator), aSlot(preRoute), aSlot(refuses, { include: ['/closed.*'] })];
    routes = [
      aRoute(echo, '/own', { name: 'own', plugins: [aSlot(ownPreRoute)] }),
      aRoute(echo, '/plain', { name: 'plain' }),
      aRoute(echo, '/fixed', fixed('fixed')),
      aRoute(echo, '/unstamped', { name: 'unstamped', ...fixed('unstamped') }),
      aRoute(echo, '/closed', fixed('closed')),
    ];
    await node.apply(plugins, routes, globals);
  });
  afterAll(() => node.stop());

  it('run on every route, before its own of their kind, each told of the route it runs on', async () => {
    const own = await get('/own');
    expect(own.headers.get('x-stamp')).toBe('all');
    const line = await eventually(() => {
      const found = node.node.logs.find((text) => text.includes('"route":"own"'));
      if (found === undefined) throw new Error('no line yet');
      return JSON.parse(found);
    });
    expect(line.slots.map((slot: { plugin: string }) => slot.plugin)).toEqual(['global-pre-route', 'own-pre-route', 'global-validator', 'stamp']);

    const tellsRoute = await plugin('tells-route', 'pre_route', '{"error":true,"body_json":', '}');
    await node.apply(plugins, routes, [aSlot(tellsRoute)]);
    for (const route of routes) {
      const path = route.match[0]?.paths[0]?.value ?? '';
      expect(await (await get(path)).json()).toMatchObject({ route: { id: route.id, name: route.name } });
    }
    await node.apply(plugins, routes, globals);
  });

  it('run behind redirects and static answers too, and only on the paths they are for', async () => {
    const [stamped, unstamped, closed] = await Promise.all([get('/fixed'), get('/unstamped'), get('/closed/a')]);
    expect([stamped.status, stamped.headers.get('x-stamp'), await stamped.text()]).toEqual([202, 'all', 'fixed']);
    expect([unstamped.status, unstamped.headers.get('x-stamp')]).toEqual([202, null]);
    expect(closed.status).toBe(403);
  });

  it('come and go with the configuration', async () => {
    await node.apply(plugins, routes);
    expect((await get('/fixed')).headers.get('x-stamp')).toBeNull();
    await node.apply(plugins, routes, globals);
    expect((await get('/fixed')).headers.get('x-stamp')).toBe('all');
  });

  it('keep a revision out whose settings run a plugin that is not there, or a backend', async () => {
    const before = node.revision;
    for (const slot of [aSlot({ id: 'pl_00000000-0000-7000-8000-000000000009' as SnapshotPlugin['id'], version: 1 }), aSlot(echo)]) {
      await node.publish(plugins, routes, [slot]);
      await eventually(async () => {
        const { checks } = await node.readiness();
        expect(checks.configuration).toMatchObject({ revision: before, detail: expect.stringContaining('the settings') });
      });
    }
    expect((await get('/fixed')).headers.get('x-stamp')).toBe('all');
    await node.apply(plugins, routes, globals);
  });

  it('may say that no route is meant', async () => {
    const nobody = await plugin('nobody', 'route_matcher', no);
    await node.apply(plugins, routes, [...globals, aSlot(nobody, { include: ['/fixed'] })]);
    expect([(await get('/fixed')).status, (await get('/fixed/on')).status]).toEqual([404, 202]);
    await node.apply(plugins, routes, globals);
  });

  describe('of kind sink', () => {
    let sinks: SnapshotSlot[];

    beforeAll(async () => {
      const told = await sink('told', yes, { before: '{"status":418,"body_json":', after: '}' }, { config: { own: '1', both: '1' } });
      const declines = await sink('declines', no, answer('declined'));
      const badQuestion = await sink('bad-question', 'hello', answer('bad'));
      const badAnswer = await sink('bad-answer', yes, { before: 'hello' });
      const noSlots = { config: { both: { of: 'slot' } } };
      const little = await sink('little', yes, answer('little'), { limits: { requestMaxBytes: 4 } });
      sinks = [
        aSlot(declines),
        aSlot(await sink('first', yes, answer('first')), { include: ['/nowhere/first'] }),
        aSlot(badQuestion, { include: ['/nowhere/question/skip', '/nowhere/nobody'], onError: 'skip' }),
        aSlot(badQuestion, { include: ['/nowhere/question/fail'] }),
        aSlot(badAnswer, { include: ['/nowhere/answer/skip'], onError: 'skip' }),
        aSlot(badAnswer, { include: ['/nowhere/answer/fail'] }),
        aSlot(little, { include: ['/nowhere/little'] }),
        aSlot(told, { exclude: ['/nowhere/nobody'], ...noSlots }),
      ];
      await node.apply(
        plugins,
        [
          ...routes,
          aRoute(echo, '/get-only', {
            name: 'get-only',
            match: [{ hosts: [], paths: [{ type: 'prefix', value: '/get-only' }], methods: ['GET'] }],
          }),
        ],
        [...globals, ...sinks],
      );
    });

    it('answers what no route takes: the first that says so, and none of the other slots run', async () => {
      const first = await get('/nowhere/first');
      expect([first.status, await first.text(), first.headers.get('x-sink'), first.headers.get('x-stamp')]).toEqual([200, 'first', 'first', null]);
    });

    it('is told what Otoroshi tells it', async () => {
      const told = await get('/nowhere/else?q=1', { method: 'POST', body: Uint8Array.of(1, 255), headers: { 'x-request-id': 'sink-told' } });
      const input = (await told.json()) as SinkHandleInput;
      expect(told.status).toBe(418);
      expect(Object.keys(input).sort()).toEqual([
        'attrs',
        'body_base64',
        'body_bytes',
        'config',
        'message',
        'origin',
        'request',
        'snowflake',
        'status',
      ]);
      expect(input).toMatchObject({
        snowflake: 'sink-told',
        origin: 'NgReverseProxy',
        status: 404,
        config: { own: '1', both: { of: 'slot' } },
        body_bytes: [1, -1],
        body_base64: 'Af8=',
        request: { method: 'POST', path: '/nowhere/else', query: { q: ['1'] }, has_body: true },
      });
    });

    it('is not asked where a route matches, nor where only the method does not fit', async () => {
      expect((await get('/fixed')).status).toBe(202);
      const refused = await get('/get-only', { method: 'POST' });
      expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    });

    it('leaves the 404 where none takes the request', async () => {
      const answered = await get('/nowhere/nobody');
      expect([answered.status, answered.headers.get('x-torii-error')]).toEqual([404, 'routing.no_route']);
    });

    it.each(['question', 'answer'])('that fails at its %s fails the request, or is passed over, as its slot says', async (at) => {
      const failed = await get(`/nowhere/${at}/fail`);
      expect([failed.status, failed.headers.get('x-torii-error')]).toEqual([502, 'plugin.bad_output']);
      expect((await get(`/nowhere/${at}/skip`)).status).toBe(418);
    });

    it('gets no body larger than its plugin takes', async () => {
      const small = await get('/nowhere/little', { method: 'POST', body: 'abcd' });
      const large = await get('/nowhere/little', { method: 'POST', body: 'abcde' });
      expect([small.status, large.status, large.headers.get('x-torii-error')]).toEqual([200, 413, 'client.body_too_large']);
    });

    it('counts as a call of its plugin, twice for who answers', async () => {
      await get('/nowhere/first', { headers: { 'x-request-id': 'sink-counted' } });
      await eventually(() => {
        const line = node.node.logs.find((text) => text.includes('"sink-counted"'));
        const slots = JSON.parse(line ?? '{"slots":[]}').slots as { kind: string; plugin: string }[];
        expect(slots.map(({ kind, plugin: name }) => [kind, name])).toEqual([
          ['sink', 'declines'],
          ['sink', 'first'],
          ['sink', 'first'],
        ]);
      });
    });

    it('keeps a revision out whose module lacks sink_matches', async () => {
      const before = node.revision;
      const lacking = aPlugin(node.artifacts.add(await guest('hello')), { name: 'lacking', kind: 'sink' });
      await node.publish([...plugins, lacking], routes, [aSlot(lacking)]);
      await eventually(async () => {
        const { checks } = await node.readiness();
        expect(checks.configuration).toMatchObject({ revision: before, detail: expect.stringContaining('sink_matches') });
      });
    });
  });
});
