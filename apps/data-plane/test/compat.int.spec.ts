import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ServedKind, SnapshotPlugin, SnapshotRoute, SnapshotSlot } from '@torii/contracts';
import { answeringGuest, answeringGuestWith, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';

const node = new TestNode();
const plugins: SnapshotPlugin[] = [];
const routes: SnapshotRoute[] = [];
const globals: SnapshotSlot[] = [];

const modes = ['otoroshi', 'torii'] as const;
type Mode = (typeof modes)[number];
const slotKinds = ['pre_route', 'access_validator', 'request_transformer', 'response_transformer'] as const;
const fixed = { target: { kind: 'static' as const, status: 202, headers: {}, body: 'target' } };

/** The same plugin served both ways, behind `/<mode>/<name>`, as the slot of a static answer or as the target. */
async function both(name: string, kind: ServedKind, bytes: Uint8Array, slot: Partial<SnapshotSlot> = {}): Promise<void> {
  for (const mode of modes) {
    const made = aPlugin(node.artifacts.add(bytes), { name: `${name}-${mode}`, kind, ...(mode === 'otoroshi' ? { compat: mode } : {}) });
    plugins.push(made);
    const path = `/${mode}/${name}`;
    if (kind === 'sink') globals.push(aSlot(made, { include: [path], ...slot }));
    else if (kind === 'backend') routes.push(aRoute(made, path, { name: `${name}-${mode}` }));
    else routes.push(aRoute(made, path, { name: `${name}-${mode}`, ...fixed, plugins: [aSlot(made, slot)] }));
  }
}

interface Answered {
  readonly status: number;
  readonly code: string | null;
  readonly text: string;
}

async function ask(mode: Mode, name: string): Promise<Answered> {
  const answer = await fetch(`${node.proxyUrl}/${mode}/${name}`);
  return { status: answer.status, code: answer.headers.get('x-torii-error'), text: await answer.text() };
}

beforeAll(async () => {
  await node.start({ TORII_DATA_THREADS: '1' });
  const json = (output: object) => answeringGuest(JSON.stringify(output));
  const trap = await guest('trap');
  const noJson = await answeringGuest('hello');
  for (const kind of ['backend', ...slotKinds] as const) {
    await both(`trap-${kind}`, kind, trap);
    await both(`no-json-${kind}`, kind, noJson);
  }
  await both('skipped', 'access_validator', trap, { onError: 'skip' });
  await both('odd-status', 'backend', await json({ status: 'teapot', body_str: 'brewed' }));
  await both('no-result', 'access_validator', await json({}));
  await both('no-match', 'route_matcher', await json({}));
  await both('trapping-matcher', 'route_matcher', trap);
  await both('reshaped', 'response_transformer', await json({ body_str: 'reshaped' }));
  await both('half-way', 'pre_route', await json({ attrs: { set: { 'otoroshi.next.core.ResponseAddHeaders': { 'bad name': '1' } } } }));
  const asks = { sink_matches: { before: '{"result":true}' } };
  await both('sink-fails', 'sink', await answeringGuestWith({ ...asks, run: { before: 'hello' } }));
  await both('sink-does-not-say', 'sink', await answeringGuestWith({ sink_matches: { before: '{}' }, run: { before: '{}' } }));
  await node.apply(plugins, routes, globals);
});
afterAll(() => node.stop());

describe('a plugin of compat otoroshi', () => {
  it.each([
    ['backend', 400],
    ['pre_route', 500],
    ['access_validator', 400],
    ['request_transformer', 400],
    ['response_transformer', 400],
  ])('that traps as %s is answered %i with its error, and one of ours 502', async (kind, status) => {
    const [theirs, ours] = [await ask('otoroshi', `trap-${kind}`), await ask('torii', `trap-${kind}`)];
    expect([theirs.status, theirs.code, JSON.parse(theirs.text)]).toEqual([
      status,
      'plugin.trapped',
      { error: 'wasm_error', error_description: expect.any(String) },
    ]);
    expect([ours.status, ours.code]).toEqual([502, 'plugin.trapped']);
  });

  it('that answers no JSON is an empty 200 as a backend, and a failure in a slot', async () => {
    expect(await ask('otoroshi', 'no-json-backend')).toEqual({ status: 200, code: null, text: '' });
    expect(await ask('torii', 'no-json-backend')).toMatchObject({ status: 502, code: 'plugin.bad_output' });
    for (const kind of slotKinds) {
      const status = kind === 'pre_route' ? 500 : 400;
      expect(await ask('otoroshi', `no-json-${kind}`)).toMatchObject({ status, code: 'plugin.bad_output' });
    }
  });

  it('may give a field that cannot be read: it counts as not given', async () => {
    expect(await ask('otoroshi', 'odd-status')).toEqual({ status: 200, code: null, text: 'brewed' });
    expect(await ask('torii', 'odd-status')).toMatchObject({ status: 502, code: 'plugin.bad_output' });
  });

  it('refuses when it does not say that access is granted', async () => {
    expect(await ask('otoroshi', 'no-result')).toMatchObject({ status: 403 });
    expect(await ask('torii', 'no-result')).toMatchObject({ status: 502, code: 'plugin.bad_output' });
  });

  it.each(['no-match', 'trapping-matcher'])('is not for the request when it does not say so (%s)', async (name) => {
    expect(await ask('otoroshi', name)).toMatchObject({ status: 404, code: 'routing.no_route' });
    expect(await ask('torii', name)).toMatchObject({ status: 502 });
  });

  it('makes the status 200 when it transforms a response and names none', async () => {
    expect(await ask('otoroshi', 'reshaped')).toEqual({ status: 200, code: null, text: 'reshaped' });
    expect(await ask('torii', 'reshaped')).toEqual({ status: 202, code: null, text: 'reshaped' });
  });

  it('leaves nothing behind of what it did before it failed', async () => {
    expect(await ask('otoroshi', 'half-way')).toMatchObject({ status: 500, code: 'plugin.bad_output' });
  });

  it('is skipped when its slot says so, like any other', async () => {
    for (const mode of modes) expect(await ask(mode, 'skipped')).toEqual({ status: 202, code: null, text: 'target' });
  });

  it('is answered 500 when it fails as a sink, and takes no request unless it says so', async () => {
    expect(await ask('otoroshi', 'sink-fails')).toMatchObject({ status: 500, code: 'plugin.bad_output' });
    expect(await ask('torii', 'sink-fails')).toMatchObject({ status: 502, code: 'plugin.bad_output' });
    expect(await ask('otoroshi', 'sink-does-not-say')).toMatchObject({ status: 404, code: 'routing.no_route' });
    expect(await ask('torii', 'sink-does-not-say')).toMatchObject({ status: 502, code: 'plugin.bad_output' });
  });
});
