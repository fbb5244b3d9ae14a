import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FunctionSettings } from '@torii/contracts';
import { startUpstream } from '@torii/test-kit';
import { aRunner } from '../../test/a-runner.js';
import { compileScript } from '../../test/a-script.js';
import { verifyArtifact } from '../verify/verify-artifact.js';

const upstream = await startUpstream();
const { run, runner } = aRunner({
  egress: { overrides: new Map([['api.example.com', upstream.url]]), privateCidrs: [], connectTimeoutMs: 30_000 },
});
afterAll(() => Promise.all([runner.close(), upstream.close()]));

const everything: Partial<FunctionSettings> = {
  allowedHosts: ['http://api.example.com'],
  config: { color: 'red' },
  hostFunctions: (['plugin_map', 'global_map', 'plugin_datastore', 'global_datastore'] as const).map((name) => ({ name, access: ['read', 'write'] })),
};

/** What `run` of a script answers. */
async function answerOf(source: string, input: unknown = {}): Promise<unknown> {
  return answerOfModule(await compileScript(source), 'run', input);
}

/** What an exported function of a module answers; its stores are empty. */
async function answerOfModule(wasm: Uint8Array, functionName: string, input: unknown = {}): Promise<unknown> {
  const { error, output } = await run(wasm, { functionName, input: JSON.stringify(input), settings: everything });
  if (error !== null) throw new Error(`${error.code}: ${error.detail}`);
  return output.content === '' ? undefined : JSON.parse(output.content);
}

const storeFunctions = `
  export function readsBack() {
    const before = store.get('k') ?? 'nothing';
    store.set('k', 'é');
    store.set('bytes', new Uint8Array([0, 255, 128]));
    const found = [before, store.get('k'), [...store.getBytes('k')], [...store.getBytes('bytes')]];
    store.remove('k');
    return [...found, store.get('k') ?? 'gone'];
  }
  export function writesWhereItMay() {
    store.set('k', 'v');
    return [
      store.setIfAbsent('k', 'x'), store.setIfAbsent('other', 'x'),
      store.compareAndSet('k', 'wrong', 'x'), store.compareAndSet('k', 'v', 'w'), store.compareAndSet('none', undefined, 'made'),
      store.get('k'), store.get('other'), store.get('none'),
    ];
  }
  export function counts() {
    return [store.increment('n'), store.increment('n', 41), store.increment('n', 9007199254740993n)].map(String);
  }
  export function findsKeys() {
    for (const key of ['a1', 'a2', 'b1']) store.set(key, 'x');
    const found = store.keys({ prefix: 'a' });
    return [found.keys.sort(), found.complete, store.keys({ pattern: '*1', limit: 1 }).complete, store.keys().keys.length];
  }
  export function fails() {
    store.set('k', 'no number');
    try { store.increment('k'); } catch (error) { return [error.name, error.code, error.message]; }
  }
`;

describe.each(['plugin-map', 'global-map', 'plugin-datastore', 'global-datastore'])('@torii/pdk/%s', (name) => {
  // One for all: to make a module ready takes longer than to call it.
  let wasm: Uint8Array;
  beforeAll(async () => {
    wasm = await compileScript(`import * as store from '@torii/pdk/${name}';\n${storeFunctions}`);
  });

  it('reads what it wrote, as text and as bytes', async () => {
    expect(await answerOfModule(wasm, 'readsBack')).toEqual(['nothing', 'é', [0xc3, 0xa9], [0, 255, 128], 'gone']);
  });

  it('writes only where it may', async () => {
    expect(await answerOfModule(wasm, 'writesWhereItMay')).toEqual([false, true, false, true, true, 'w', 'x', 'made']);
  });

  it('counts exactly, also beyond what a number holds', async () => {
    expect(await answerOfModule(wasm, 'counts')).toEqual(['1', '42', '9007199254741035']);
  });

  it('finds keys, and says whether these are all', async () => {
    expect(await answerOfModule(wasm, 'findsKeys')).toEqual([['a1', 'a2'], true, false, 3]);
  });

  it('throws why the store could not do it', async () => {
    const why = 'the value is no 64-bit integer, or the sum would be none';
    expect(await answerOfModule(wasm, 'fails')).toEqual(['HostError', 'not_a_number', why]);
  });
});

it.each(['plugin-datastore', 'global-datastore'])('keeps time in @torii/pdk/%s', async (name) => {
  expect(
    await answerOf(`
      import * as store from '@torii/pdk/${name}';
      export function run() {
        store.set('short', 'x', { ttlMs: 60000 });
        store.set('long', 'x');
        const left = store.ttlMs('short');
        return [
          left > 0 && left <= 60000, store.ttlMs('long') ?? 'for ever', store.ttlMs('none'),
          store.exists('long'), store.exists('none'), store.expire('long', 60000), store.expire('none', 60000),
          store.remove('short', 'long', 'none'),
        ];
      }`),
  ).toEqual([true, 'for ever', -2, true, false, true, false, 2]);
});

it('makes a module import, and need grants for, what its function uses and no more', async () => {
  const wasm = await compileScript(`
    import { backend } from '@torii/pdk';
    import * as pluginMap from '@torii/pdk/plugin-map';
    export const run = backend(() => ({ body_str: pluginMap.get('k') ?? '' }));`);
  const { imports, warnings } = await verifyArtifact(wasm, { functionNames: ['run'], settings: FunctionSettings.parse({}) });
  const names = imports.filter(({ name }) => name.startsWith('proxy_')).map(({ name }) => name);
  expect(names.sort()).toEqual(['proxy_last_error', 'proxy_plugin_map_get']);
  expect(warnings).toHaveLength(1);
});

it('calls out with everything a request may have, and reads the answer', async () => {
  upstream.respond((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    request.on('end', () => {
      response.writeHead(201, { 'content-type': 'application/json', 'x-one': '1' });
      response.end(
        JSON.stringify({ method: request.method, url: request.url, header: request.headers['x-mine'], body: Buffer.concat(chunks).toString() }),
      );
    });
  });
  expect(
    await answerOf(`
      import { httpCall } from '@torii/pdk';
      export function run() {
        const answer = httpCall({
          url: 'http://api.example.com/a?b=1', method: 'POST', headers: { 'x-mine': 'yes' }, query: { c: ['2', '3'] }, body: 'né',
        });
        return [answer.status, answer.headers['x-one'], answer.json()];
      }`),
  ).toEqual([201, '1', { method: 'POST', url: '/a?b=1&c=2&c=3', header: 'yes', body: 'né' }]);
});

it('throws why nobody answered', async () => {
  expect(
    await answerOf(`
      import { httpCall } from '@torii/pdk';
      export function run() {
        try { httpCall({ url: 'http://other.example.com/' }); } catch (error) { return [error.name, error.code]; }
      }`),
  ).toEqual(['HostError', 'egress_refused']);
});

it('has config, attributes and log', async () => {
  const source = `
    import { config, getAttribute, log, removeAttribute, setAttribute } from '@torii/pdk';
    export function run() {
      log('warn', 'careful');
      setAttribute('a', { b: [1] });
      const found = getAttribute('a');
      return [config('color'), config('none') ?? null, found, removeAttribute('a'), removeAttribute('a'), getAttribute('a') ?? null];
    }`;
  const { output, logs } = await run(await compileScript(source), { settings: everything });
  expect(JSON.parse(output.content)).toEqual(['red', null, { b: [1] }, true, false, null]);
  expect(logs).toEqual([{ level: 'warn', message: 'careful', atMs: expect.any(Number) }]);
});

it('throws when the request would have more attributes than it may', async () => {
  expect(
    await answerOf(`
      import { setAttribute } from '@torii/pdk';
      export function run() {
        try { setAttribute('a', 'x'.repeat(70000)); } catch (error) { return [error.code]; }
      }`),
  ).toEqual(['over_limit']);
});

it('reads requests: parameters, headers however they are written, and bodies', async () => {
  const source = `
    import { backend, bodyBytes, bodyText, header, queryParam } from '@torii/pdk';
    export const run = backend(async (input) => ({
      body_json: [queryParam(input.request, 'q'), queryParam(input.request, 'toString') ?? null, header(input.request, 'X-A'), bodyText(input), bodyBytes(input).length],
    }));`;
  const input = { request: { query: { q: ['1', '2'] }, headers: { 'x-a': 'b' } }, request_body_base64: Buffer.from('héllo').toString('base64') };
  expect(await answerOf(source, input)).toEqual({ body_json: ['1', null, 'b', 'héllo', 6] });
});

it("fails the call with what a handler throws, and where in the function's own source", async () => {
  const wasm = await compileScript(`import { backend } from '@torii/pdk';

export const run = backend(() => {
  throw new Error('out of luck');
});`);
  const { ok, error } = await run(wasm, { input: '{}' });
  expect(ok).toBe(false);
  expect(error).toMatchObject({ code: 'plugin.failed', detail: expect.stringMatching(/out of luck.*index\.js:4:/) });
});
