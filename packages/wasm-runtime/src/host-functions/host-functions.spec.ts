import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { codeOf, type FunctionOptions, type LoadedFunction, loadGuest } from '../../test/a-function.js';
import { storeThat } from '../../test/a-map.js';
import { type RunningServer, startServer } from '../../test/a-server.js';
import { compileWat, guestBytes } from '../../test/wat.js';

const guest = guestBytes('host-calls');
const opened: LoadedFunction[] = [];
let server: RunningServer;

async function load(functionName: string, options: FunctionOptions = {}): Promise<LoadedFunction> {
  const overrides = new Map([['api.test', new URL(server.origin)]]);
  const loaded = await loadGuest(guest, { functionName, allowedHosts: ['http://api.test'], ...options, egress: { overrides, ...options.egress } });
  opened.push(loaded);
  return loaded;
}

beforeEach(async () => {
  server = await startServer((request, response) => {
    if (request.url === '/silent') return;
    response.writeHead(request.url?.startsWith('/teapot') ? 418 : 200, { 'content-type': 'text/plain', 'x-list': ['a', 'b'] });
    response.end(`answer to ${request.method} ${request.url}`);
  });
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
  await server.close();
});

describe('config and vars', () => {
  it('reads the configuration, and nothing for what is not there', async () => {
    const { text } = await load('config', { config: { api: 'https://x' } });
    expect(await text('api')).toBe('https://x');
    expect(await text('other')).toBe('');
    expect(await text('constructor')).toBe('');
  });

  it('keeps vars as long as the instance, within their limit', async () => {
    const bytes = compileWat(`(module
      (import "env" "extism_var_get" (func $get (param i64) (result i64)))
      (import "env" "extism_var_set" (func $set (param i64 i64)))
      (import "env" "extism_input_offset" (func $in (result i64)))
      (import "env" "extism_alloc" (func $alloc (param i64) (result i64)))
      (import "env" "extism_output_set" (func $out (param i64 i64)))
      (import "env" "extism_length" (func $length (param i64) (result i64)))
      (func (export "run") (result i32) (local $old i64)
        (local.set $old (call $get (call $in)))
        (call $set (call $in) (call $in))
        (call $out (local.get $old) (call $length (local.get $old)))
        (i32.const 0)))`);
    const loaded = await loadGuest(bytes);
    opened.push(loaded);
    expect([await loaded.text('a'), await loaded.text('b'), await loaded.text('a')]).toEqual(['', '', 'a']);
    expect(await codeOf(loaded.call('x'.repeat(600_000)))).toBe('plugin.limit_exceeded');
  });
});

describe('vars', () => {
  it('count for more than their bytes, so that there cannot be hundreds of thousands of them', async () => {
    const bytes = compileWat(`(module
      (import "extism:host/env" "var_set" (func $set (param i64 i64)))
      (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
      (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
      (func (export "run") (result i32) (local $key i64) (local $i i64)
        (local.set $key (call $alloc (i64.const 8)))
        (loop $l
          (call $store (local.get $key) (local.get $i))
          (call $set (local.get $key) (i64.const -1))
          (local.set $i (i64.add (local.get $i) (i64.const 1)))
          (br_if $l (i64.lt_u (local.get $i) (i64.const 9000))))
        (i32.const 0)))`);
    const loaded = await loadGuest(bytes);
    opened.push(loaded);
    expect(await codeOf(loaded.call())).toBe('plugin.limit_exceeded');
  });
});

describe('the log', () => {
  it('is cut to a KiB and cleaned, and says who wrote it', async () => {
    const loaded = await load('log');
    await loaded.call(`\u001b]0;title\u0007evil\r\n\u0000${'x'.repeat(5_000)}`);
    const line = loaded.logLines.find(({ source }) => source === 'plugin');
    expect(line).toMatchObject({ pluginId: 'pl_test', msg: 'plugin log' });
    expect(line?.text).toMatch(/^evil x+$/);
    expect(String(line?.text).length).toBeLessThanOrEqual(1024);
  });

  it('tells the level that is written', async () => {
    const { call } = await load('logLevel');
    expect([...(await call()).output]).toEqual([0]);
  });
});

describe("the plugin's map", () => {
  it('that does not answer is waited for until the wall deadline', async () => {
    const never = (): Promise<never> => new Promise(() => undefined);
    const { call } = await load('mapGet', { stores: { pluginMap: () => storeThat(never) }, limits: { wallMs: 50 } });
    expect(await codeOf(call('k'))).toBe('plugin.deadline_exceeded');
  });

  it('is not linked without its grant', async () => {
    const loaded = await load('mapGet', { grants: ['plugin_map:read'] });
    await expect(loaded.pool.warmUp(30_000)).rejects.toMatchObject({ detail: expect.stringContaining('plugin_map:write') });
  });
});

describe('http_request', () => {
  it('answers the body, the status and the headers', async () => {
    expect(await (await load('fetch')).text('{"url":"http://api.test/x?y=1"}')).toBe('answer to GET /x?y=1');
    expect([...(await (await load('fetchStatus')).call('{"url":"http://api.test/teapot"}')).output]).toEqual([418 % 256]);
    expect(JSON.parse(await (await load('fetchHeaders')).text('{"url":"http://api.test/"}'))).toMatchObject({ 'x-list': 'a, b' });
    expect(server.seen[0]).toMatchObject({ headers: { host: 'api.test' } });
  });

  it('sends the body block and the headers', async () => {
    const argument = '{"url":"http://api.test/","method":"post","headers":{"x-a":"1"}}';
    await (await load('post')).call(argument);
    expect(server.seen[0]).toMatchObject({ method: 'POST', headers: { 'x-a': '1' }, body: argument });
  });

  it.each(['{"url":"http://other.test/"}', 'no json', '{"url":"not a url"}', '{"url":"file:///etc/passwd"}'])(
    'has status 0 for %s',
    async (argument) => {
      const loaded = await load('fetchStatus');
      expect([...(await loaded.call(argument)).output]).toEqual([0]);
      expect(loaded.logLines).toContainEqual(expect.objectContaining({ level: 40, pluginId: 'pl_test' }));
      expect(server.seen).toHaveLength(0);
    },
  );

  it('is limited in calls, and counts as a host call', async () => {
    const loaded = await load('fetchForEver', { limits: { httpCallsMax: 3 } });
    expect(await codeOf(loaded.call('{"url":"http://api.test/"}'))).toBe('plugin.limit_exceeded');
    expect(server.seen).toHaveLength(3);
    const { hostCalls, httpCalls } = await (await load('fetch')).call('{"url":"http://api.test/"}');
    expect({ hostCalls, httpCalls }).toEqual({ hostCalls: 1, httpCalls: 1 });
  });

  it('is cut at the wall deadline while the other side is silent', async () => {
    const loaded = await load('fetch', { limits: { wallMs: 80 } });
    expect(await codeOf(loaded.call('{"url":"http://api.test/silent"}'))).toBe('plugin.deadline_exceeded');
    expect(loaded.pool.stats).toMatchObject({ leased: 0, evicted: 1 });
  });

  it('is cut when the client has gone', async () => {
    const loaded = await load('fetch');
    const client = new AbortController();
    const outcome = codeOf(loaded.call('{"url":"http://api.test/silent"}', { signal: client.signal }));
    setTimeout(() => client.abort(), 20);
    expect(await outcome).toBe('client.gone');
  });
});

describe('proxy_http_call', () => {
  async function proxyCall(argument: unknown): Promise<Record<string, unknown>> {
    const { text } = await load('proxyCall');
    return JSON.parse(await text(typeof argument === 'string' ? argument : JSON.stringify(argument)));
  }

  it('answers status, headers and body', async () => {
    const answer = await proxyCall({ url: 'http://api.test/teapot', query: { q: 'paris', tag: ['a', 'b'] } });
    expect(answer).toMatchObject({ status: 418, headers: { 'content-type': 'text/plain' } });
    expect(Buffer.from(String(answer.body_base64), 'base64').toString()).toContain('answer to GET /teapot?q=paris&tag=a&tag=b');
  });

  it.each([
    [{ body_str: 'text', body: 'no' }, 'text'],
    [{ body: 'text', body_json: {} }, 'text'],
    [{ body_json: { a: 1 }, body_base64: 'AA==' }, '{"a":1}'],
    [{ body_base64: 'dGV4dA==', body_bytes: [1] }, 'text'],
    [{ body_bytes: [116, 101, 120, 116] }, 'text'],
  ])('sends the first of its body forms: %j', async (forms, expected) => {
    await proxyCall({ url: 'http://api.test/', method: 'PUT', ...forms });
    expect(server.seen[0]).toMatchObject({ method: 'PUT', body: expected });
  });

  it('answers a forbidden host like Otoroshi, with an error beside', async () => {
    const answer = await proxyCall({ url: 'http://other.test/' });
    expect(answer).toMatchObject({ status: 403, error: { code: 'egress_refused' } });
    expect(Buffer.from(String(answer.body_base64), 'base64').toString()).toBe('you cannot access host: other.test');
  });

  const many = Object.fromEntries(Array.from({ length: 257 }, (_, index) => [`x-${index}`, 'v']));
  it.each([
    [{ headers: many }],
    [{ query: many }],
    [{ query: { q: Object.keys(many) } }],
    [{ body_bytes: [1, 256] }],
    [{ body_bytes: [1, null] }],
    [{ body_bytes: 'text' }],
  ])('refuses what would take long to look through, or is no byte (%#)', async (part) => {
    expect(await proxyCall({ url: 'http://api.test/', ...part })).toMatchObject({ status: 400, error: { code: 'bad_request' } });
    expect(server.seen).toHaveLength(0);
  });

  const parameters = Object.keys(many).slice(1);
  it.each([
    ['an address', { url: `http://api.test/?${'x'.repeat(2_000_000)}`, query: Object.fromEntries(parameters.map((name) => [name, 'v'])) }],
    ['a query', { url: 'http://api.test/', query: Object.fromEntries(parameters.map((name) => [name, 'é'.repeat(3_000)])) }],
  ])('refuses %s that is far too long without taking seconds over it', async (_, argument) => {
    const { call } = await load('proxyCall');
    const { output, cpuMs } = await call(JSON.stringify(argument));
    expect(JSON.parse(Buffer.from(output).toString())).toMatchObject({ status: 400, error: { code: 'bad_request', detail: 'the URL is too long' } });
    expect(cpuMs).toBeLessThan(10_000);
  });

  it('adds its query to the one of the address, which stays as it is', async () => {
    const answer = await proxyCall({ url: 'http://api.test/teapot?a=1%20b#end', query: { q: 'é &', n: 1 } });
    expect(Buffer.from(String(answer.body_base64), 'base64').toString()).toContain('answer to GET /teapot?a=1%20b&q=%C3%A9+%26&n=1');
  });

  it('takes null for whatever may be left out', async () => {
    expect(await proxyCall({ url: 'http://api.test/', headers: null, query: null, body_bytes: null })).toMatchObject({ status: 200 });
  });

  it('answers for the other side when there is too much of an answer, or too many calls', async () => {
    const call = async (egress: FunctionOptions['egress']): Promise<unknown> =>
      JSON.parse(await (await load('proxyCall', { ...(egress === undefined ? {} : { egress }) })).text('{"url":"http://api.test/"}'));
    expect(await call({ responseMaxBytes: 3 })).toMatchObject({
      status: 502,
      headers: { 'content-type': 'text/plain' },
      error: { code: 'too_large' },
    });
    expect(await call({ maxConcurrent: 0 })).toMatchObject({ status: 503, error: { code: 'busy', detail: expect.any(String) } });
  });

  it('answers failures as values', async () => {
    expect(await proxyCall('nonsense')).toMatchObject({ status: 400, error: { code: 'bad_request' } });
    expect(await proxyCall({ url: 'http://api.test/silent', request_timeout: 30 })).toMatchObject({ status: 504, error: { code: 'timeout' } });
    await server.close();
    expect(await proxyCall({ url: 'http://api.test/' })).toMatchObject({ status: 502, error: { code: 'unreachable' } });
    server = await startServer((_request, response) => void response.end());
  });
});

describe('signatures', () => {
  it('serves pointers and sizes of 32 bits too', async () => {
    const bytes = compileWat(`(module
      (import "extism:host/env" "input_offset" (func $in (result i64)))
      (import "extism:host/env" "input_length" (func $len (result i64)))
      (import "extism:host/env" "output_set" (func $out (param i64 i64)))
      (import "extism:host/env" "length" (func $length (param i64) (result i64)))
      (import "env" "proxy_plugin_map_set" (func $set (param i64 i32) (result i32)))
      (import "env" "proxy_plugin_map_get" (func $get (param i32 i32) (result i32)))
      (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
      (func (export "set") (result i32) (call $set (call $in) (i32.wrap_i64 (call $len))))
      (func (export "get") (result i32) (local $p i64)
        (local.set $p (i64.extend_i32_u (call $get (i32.wrap_i64 (call $in)) (i32.wrap_i64 (call $len)))))
        (call $out (local.get $p) (call $length (local.get $p)))
        (call $log (i32.const 2) (i32.wrap_i64 (call $in)) (i32.wrap_i64 (call $len)))))`);
    const set = await loadGuest(bytes, { functionName: 'set' });
    const get = await loadGuest(bytes, { functionName: 'get' });
    opened.push(set, get);
    expect(await codeOf(set.call('{"key":"k","value":"v"}'))).toBe('none');
    await get.map.set('k', (await set.map.get('k')) ?? new Uint8Array(0));
    expect(await get.text('k')).toBe('v');
  });
});
