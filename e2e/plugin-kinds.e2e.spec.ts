import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { guest, type KindWithPlugin, kindsModule, startUpstream, type Upstream, type WrongFunction } from '@torii/test-kit';
import { Gateway } from './a-gateway.js';
import { tellsWhatItWasAsked } from './asked-upstream.js';
import type { Answer } from './http.js';
import { builtKinds, describeKinds } from './plugin-kinds.js';
import { type Echo, startEcho, talk } from './talk.js';
import { describeWebSocketPlugins } from './websocket-plugins.js';

const gateway = new Gateway(1, {}, 1);
let upstream: Upstream;
let echo: Echo;
let rust: object;
/** Nothing here is slow, but the machine may be. */
const limits = { cpuMs: 1_000 };

async function artifact(bytes: Uint8Array): Promise<object> {
  const { sha256 } = (await gateway.must('POST', '/api/v1/artifacts', bytes)).json;
  return { source: { kind: 'artifact', sha256 } };
}

beforeAll(async () => {
  [upstream, echo] = await Promise.all([startUpstream(tellsWhatItWasAsked), startEcho()]);
  await gateway.start();
  rust = { ...(await artifact(await kindsModule())), limits };
  await gateway.must('PUT', '/api/v1/plugins/echo', { ...(await artifact(await guest('echo'))), functionName: 'run' });
});
afterAll(async () => {
  await gateway.stop();
  echo.close();
  await upstream.close();
});

const shared = { gateway, upstreamUrl: () => upstream.url, echoUrl: () => echo.url };
describeKinds({ ...shared, language: 'rust', plugin: async () => rust });
describeKinds({ ...shared, language: 'javascript', plugin: () => builtKinds(gateway, 'javascript') });
describeWebSocketPlugins(gateway);

/** What is answered for a plugin that goes wrong: the error's code beside the status, where there is one. */
type Outcome = readonly [status: number, code?: string];

interface Wrong {
  readonly kind: KindWithPlugin;
  readonly functionName: WrongFunction;
  /** Under `compat: "torii"` and `compat: "otoroshi"`. */
  readonly torii: Outcome;
  readonly otoroshi: Outcome;
}

const failed: Outcome = [502, 'plugin.failed'];
const unread: Outcome = [502, 'plugin.bad_output'];
/** The target answers 418. */
const wrongs: readonly Wrong[] = [
  { kind: 'backend', functionName: 'fails', torii: failed, otoroshi: [400, 'plugin.failed'] },
  { kind: 'backend', functionName: 'panics', torii: [502, 'plugin.trapped'], otoroshi: [400, 'plugin.trapped'] },
  { kind: 'backend', functionName: 'babbles', torii: unread, otoroshi: [200] },
  { kind: 'backend', functionName: 'says_nothing', torii: [200], otoroshi: [200] },
  { kind: 'route_matcher', functionName: 'fails', torii: failed, otoroshi: [404, 'routing.no_route'] },
  { kind: 'route_matcher', functionName: 'babbles', torii: unread, otoroshi: [404, 'routing.no_route'] },
  { kind: 'route_matcher', functionName: 'says_nothing', torii: unread, otoroshi: [404, 'routing.no_route'] },
  { kind: 'pre_route', functionName: 'fails', torii: failed, otoroshi: [500, 'plugin.failed'] },
  { kind: 'pre_route', functionName: 'babbles', torii: unread, otoroshi: [500, 'plugin.bad_output'] },
  { kind: 'pre_route', functionName: 'says_nothing', torii: [418], otoroshi: [418] },
  { kind: 'access_validator', functionName: 'fails', torii: failed, otoroshi: [400, 'plugin.failed'] },
  { kind: 'access_validator', functionName: 'babbles', torii: unread, otoroshi: [400, 'plugin.bad_output'] },
  { kind: 'access_validator', functionName: 'says_nothing', torii: unread, otoroshi: [403] },
  { kind: 'request_transformer', functionName: 'fails', torii: failed, otoroshi: [400, 'plugin.failed'] },
  { kind: 'request_transformer', functionName: 'babbles', torii: unread, otoroshi: [400, 'plugin.bad_output'] },
  { kind: 'request_transformer', functionName: 'says_nothing', torii: [418], otoroshi: [418] },
  { kind: 'response_transformer', functionName: 'fails', torii: failed, otoroshi: [400, 'plugin.failed'] },
  { kind: 'response_transformer', functionName: 'babbles', torii: unread, otoroshi: [400, 'plugin.bad_output'] },
  { kind: 'response_transformer', functionName: 'says_nothing', torii: [418], otoroshi: [200] },
  { kind: 'sink', functionName: 'fails', torii: failed, otoroshi: [500, 'plugin.failed'] },
  { kind: 'sink', functionName: 'babbles', torii: unread, otoroshi: [500, 'plugin.bad_output'] },
  { kind: 'sink', functionName: 'says_nothing', torii: [200], otoroshi: [200] },
  { kind: 'router', functionName: 'fails', torii: failed, otoroshi: [418] },
  { kind: 'router', functionName: 'babbles', torii: unread, otoroshi: [418] },
  { kind: 'router', functionName: 'says_nothing', torii: [418], otoroshi: [418] },
];
/** The connection is closed then, for both. */
const wrongTalks: readonly Wrong[] = (['fails', 'panics', 'babbles'] as const).map((functionName) => {
  const codes = { fails: 'plugin.failed', panics: 'plugin.trapped', babbles: 'plugin.bad_output' } as const;
  const outcome: Outcome = [1011, codes[functionName]];
  return { kind: 'websocket_transformer', functionName, torii: outcome, otoroshi: outcome };
});
const compats = ['torii', 'otoroshi'] as const;
type Compat = (typeof compats)[number];

function outcomeOf({ status, headers }: Answer): Outcome {
  const code = headers['x-torii-error'];
  return typeof code === 'string' ? [status, code] : [status];
}

describe('a plugin that goes wrong', () => {
  const nameOf = ({ kind, functionName }: Wrong, compat: Compat): string => `${kind}-${functionName}-${compat}`.replaceAll('_', '-');
  const places: Partial<Record<KindWithPlugin, string>> = { sink: 'parked', websocket_transformer: 'talk' };
  /** Sinks are asked where there is no route, and the Rust one takes what is below `/parked`. */
  const pathOf = (wrong: Wrong, compat: Compat): string => `/${places[wrong.kind] ?? 'wrong'}/${nameOf(wrong, compat)}`;
  const all = [...wrongs, ...wrongTalks].flatMap((wrong) =>
    compats.map((compat) => ({ wrong, compat, name: nameOf(wrong, compat), path: pathOf(wrong, compat) })),
  );
  const slotsOf = (...kinds: KindWithPlugin[]) =>
    all.filter(({ wrong }) => kinds.includes(wrong.kind)).map(({ name, path }) => ({ plugin: name, include: [path] }));
  const route = (name: string, path: string, body: object) =>
    gateway.must('PUT', `/api/v1/routes/${name}`, { match: [{ paths: [{ type: 'prefix', value: path }] }], ...body });

  beforeAll(async () => {
    // One after the other: so many at once may wait for their turn for longer than the control plane lets them.
    for (const { wrong, compat, name, path } of all) {
      const { kind, functionName } = wrong;
      await gateway.must('PUT', `/api/v1/plugins/${name}`, { kind, functionName, compat, ...rust });
      if (kind === 'backend') await route(name, path, { target: { kind: 'function', plugin: name } });
    }
    const plugins = slotsOf('route_matcher', 'pre_route', 'access_validator', 'request_transformer', 'response_transformer');
    await route('wrong', '/wrong', { plugins, target: { kind: 'static', status: 418, body: 'short and stout' } });
    const target = { kind: 'upstream', targets: [{ url: echo.url }] };
    await route('talk', '/talk', { plugins: slotsOf('websocket_transformer'), target });
    await gateway.must('PUT', '/api/v1/settings?wait=applied&timeout=60s', { plugins: slotsOf('sink', 'router') });
  });
  afterAll(() => gateway.must('PUT', '/api/v1/settings?wait=applied&timeout=60s', {}));

  it.each(wrongs)('of kind $kind that $functionName is answered as documented, our way and as Otoroshi does', async (wrong) => {
    for (const compat of compats) expect([compat, outcomeOf(await gateway.proxy(0, pathOf(wrong, compat)))]).toEqual([compat, wrong[compat]]);
  });

  it.each(wrongTalks)('of kind $kind that $functionName closes the connection, our way and as Otoroshi does', async (wrong) => {
    for (const compat of compats) {
      const url = `${gateway.nodes[0]?.proxyUrl}${pathOf(wrong, compat)}`;
      await expect(talk(url, ['hello'], 1)).rejects.toThrow(`closed by ${wrong[compat].join(' ')}`);
    }
  });

  it('says why as Otoroshi does, with what the guest said', async () => {
    const { json } = await gateway.proxy(0, '/wrong/backend-fails-otoroshi');
    expect(json).toEqual({ error: 'wasm_error', error_description: expect.stringContaining('the database is down') });
  });
});
