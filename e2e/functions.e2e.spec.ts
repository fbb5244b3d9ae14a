import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type AddressApi, startAddressApi } from '../examples/geolocation-go/address-api.mjs';
import { Gateway } from './a-gateway.js';

const example = path.join(import.meta.dirname, '..', 'examples', 'geolocation-go');

/** The grants and limits of the geolocation function, in whatever language. */
const geolocation = {
  wasi: true,
  allowedHosts: ['*.data.gouv.fr'],
  hostFunctions: ['plugin_map:read', 'plugin_map:write'],
  limits: { cpuMs: 1_000 },
};

/** A function in WebAssembly text whose answer is that of the URL: what `proxy_http_call` gives is what a backend answers. */
function textThatAsks(url: string): string {
  const request = JSON.stringify({ url, method: 'GET' });
  return `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "length" (func $length (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (import "extism:host/user" "proxy_http_call" (func $proxy_http_call (param i64 i64) (result i64)))
  (memory (export "memory") 1)
  (data (i32.const 0) ${JSON.stringify(request).replaceAll('\\"', '\\22')})
  (func (export "handle") (result i32)
    (local $request i64) (local $at i64) (local $answer i64)
    (local.set $request (call $alloc (i64.const ${request.length})))
    (loop $copy
      (call $store_u8 (i64.add (local.get $request) (local.get $at)) (i32.load8_u (i32.wrap_i64 (local.get $at))))
      (local.set $at (i64.add (local.get $at) (i64.const 1)))
      (br_if $copy (i64.lt_u (local.get $at) (i64.const ${request.length}))))
    (local.set $answer (call $proxy_http_call (local.get $request) (i64.const ${request.length})))
    (call $output_set (local.get $answer) (call $length (local.get $answer)))
    (i32.const 0)))`;
}

describe('a function from its source to its answer', () => {
  let api: AddressApi;
  let gateway: Gateway;

  beforeAll(async () => {
    api = await startAddressApi({ port: 0, delayMs: 1 });
    const overrides = { TORII_EGRESS_OVERRIDES: `api-adresse.data.gouv.fr=http://127.0.0.1:${api.port}` };
    gateway = new Gateway(1, overrides, 1);
    await gateway.start();
  });
  afterAll(async () => {
    await gateway.stop();
    await api.close();
  });

  async function create(name: string, body: object) {
    await gateway.must('PUT', `/api/v1/functions/${name}`, body);
  }

  const build = (name: string, version?: string) => gateway.build(name, version === undefined ? {} : { version });

  async function route(name: string, plugin: object) {
    await gateway.must('PUT', `/api/v1/plugins/${name}`, plugin);
    await gateway.must('PUT', `/api/v1/routes/${name}?wait=applied&timeout=60s`, {
      match: [{ hosts: [`${name}.localhost`] }],
      target: { kind: 'function', plugin: name },
    });
  }

  /** The article's two requests: the first asks the address service, the second is answered from the map. */
  async function expectTheArticle(name: string) {
    const query = `/?q=${encodeURIComponent(`avenue allende 79000 niort ${name}`)}`;
    const before = api.calls();
    const miss = await gateway.proxy(0, query, { host: `${name}.localhost` });
    const hit = await gateway.proxy(0, query, { host: `${name}.localhost` });
    expect([miss.status, miss.text, hit.status, hit.text]).toEqual([200, expect.stringContaining('FeatureCollection'), 200, miss.text]);
    expect(api.calls()).toBe(before + 1);
    expect((await gateway.proxy(0, '/', { host: `${name}.localhost` })).status).toBe(400);
  }

  it.each(['javascript', 'typescript', 'assemblyscript', 'wat'])(
    'builds the geolocation template of %s, which calls out once and then answers from its map',
    async (language) => {
      const name = `geo-${language}`;
      await create(name, { language, template: 'geolocation' });
      const built = await build(name);
      expect(built).toMatchObject({ status: 'succeeded', error: null, version: 'dev' });
      const { functionNames } = (await gateway.must('GET', `/api/v1/functions/${name}`)).json;
      await route(name, { ...geolocation, source: { kind: 'function', name, version: 'dev' }, functionName: functionNames[0] });
      await expectTheArticle(name);
    },
  );

  it('builds WebAssembly text, and answers below /fn/ without a route', async () => {
    await create('visits', { language: 'wat', template: 'counter', endpoint: { enabled: true, version: 'dev' } });
    expect(await build('visits')).toMatchObject({ status: 'succeeded' });
    await gateway.everywhere('/fn/visits', {}, (answer) => answer.status === 200);
    const [first, second] = [await gateway.proxy(0, '/fn/visits'), await gateway.proxy(0, '/fn/visits')];
    expect(Number(second.text.match(/\d+/)?.[0])).toBe(Number(first.text.match(/\d+/)?.[0]) + 1);
  });

  it('builds WebAssembly text that answers what it got from outside', async () => {
    await create('asking', {
      language: 'wat',
      files: [{ path: 'main.wat', content: textThatAsks('http://api-adresse.data.gouv.fr/search?q=niort') }],
    });
    expect(await build('asking')).toMatchObject({ status: 'succeeded', error: null });
    await route('asking', {
      allowedHosts: geolocation.allowedHosts,
      source: { kind: 'function', name: 'asking', version: 'dev' },
      functionName: 'handle',
    });
    const before = api.calls();
    const answer = await gateway.proxy(0, '/', { host: 'asking.localhost' });
    expect([answer.status, answer.text, api.calls()]).toEqual([200, expect.stringContaining('FeatureCollection'), before + 1]);
  });

  it("builds the article's Go source where there is Go, and says why not where there is none", async () => {
    const files = await Promise.all(
      ['main.go', 'go.mod', 'go.sum'].map(async (file) => ({ path: file, content: await readFile(path.join(example, file), 'utf8') })),
    );
    await create('geo-go', { language: 'go', files, functionNames: ['GetCompleteAddress'] });
    const languages: { name: string; available: boolean; reason: string | null }[] = (await gateway.must('GET', '/api/v1/languages')).json.items;
    const go = languages.find(({ name }) => name === 'go');
    if (go?.available !== true) {
      const refused = await gateway.admin('POST', '/api/v1/functions/geo-go/builds', {});
      expect([refused.status, refused.json.detail]).toEqual([422, expect.stringContaining(go?.reason ?? 'a reason')]);
      return;
    }
    expect(await build('geo-go')).toMatchObject({ status: 'succeeded', error: null });
    await route('geo-go', { ...geolocation, source: { kind: 'function', name: 'geo-go', version: 'dev' }, functionName: 'GetCompleteAddress' });
    await expectTheArticle('geo-go');
  });

  it('serves each new release to the plugins that follow the latest, and keeps the old ones', async () => {
    const source = (text: string) => ({
      language: 'javascript',
      files: [
        { path: 'index.js', content: `module.exports = { handle() { Host.outputString(JSON.stringify({ status: 200, body: '${text}' })); } };` },
      ],
    });
    await create('greeting', source('one'));
    expect(await build('greeting', '1.0.0')).toMatchObject({ status: 'succeeded' });
    await route('greeting', { wasi: true, source: { kind: 'function', name: 'greeting' }, functionName: 'handle' });
    expect((await gateway.proxy(0, '/', { host: 'greeting.localhost' })).text).toBe('one');

    await create('greeting', source('two'));
    const second = await build('greeting', '1.1.0');
    expect(second.followers).toEqual([expect.objectContaining({ name: 'greeting', outcome: 'updated', version: 2 })]);
    await gateway.everywhere('/', { host: 'greeting.localhost' }, (answer) => answer.text === 'two');

    expect((await gateway.admin('POST', '/api/v1/functions/greeting/builds', { version: '1.0.0' })).status).toBe(409);
    const versions = (await gateway.must('GET', '/api/v1/functions/greeting/versions')).json.items;
    expect(versions.map(({ version }: { version: string }) => version)).toEqual(['1.1.0', '1.0.0']);
    const diff = (await gateway.must('GET', '/api/v1/functions/greeting/versions/1.1.0/diff?from=1.0.0')).json;
    expect(diff.files).toEqual([expect.objectContaining({ path: 'index.js', change: 'modified', patch: expect.stringContaining('two') })]);
  });

  it('says where a source is wrong, and leaves what is served as it is', async () => {
    await create('broken', { language: 'typescript', files: [{ path: 'index.ts', content: 'export function f() {\n  return (;\n}\n' }] });
    const failed = await build('broken');
    expect(failed).toMatchObject({ status: 'failed', error: { code: 'build.compile_failed', diagnostics: [{ file: 'index.ts', line: 2 }] } });
    const log = (await gateway.admin('GET', `/api/v1/builds/${failed.id}/log`)).text;
    expect(log).toContain('index.ts');
  });

  it('runs a version without a route, and tells what it did', async () => {
    const run = (
      await gateway.must('POST', '/api/v1/functions/geo-typescript/run', {
        input: { request: { method: 'GET', path: '/', query: { q: ['8 boulevard du port amiens'] }, headers: {} } },
        settings: { allowedHosts: geolocation.allowedHosts, hostFunctions: geolocation.hostFunctions, limits: geolocation.limits },
      })
    ).json;
    expect(run).toMatchObject({ ok: true, error: null });
    expect(run.hostCalls.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining([expect.stringContaining('map_get'), expect.stringContaining('http'), expect.stringContaining('map_set')]),
    );
    expect(run.output.content).toContain('FeatureCollection');
  });
});
