import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startUpstream, type Upstream } from '@torii/test-kit';
import { describeModule } from '@torii/wasm-binary';
import { closeAll, compile, failureOfCall, type LoadedFunction, load, loadSource } from '../test/a-function.js';

afterAll(closeAll);

const source = `
declare const Host: any, Memory: any, Config: any, Var: any;
export function greet() { Host.outputString('Hello, ' + Host.inputString()) }
export function echoBytes() { Host.outputBytes(new Uint8Array(Host.inputBytes()).reverse()) }
export const returns = () => ({ text: 'ü€😀', list: [1, 2] })
export const returnsText = () => 'plain'
export const returnsBytes = () => new Uint8Array([1, 2, 3]).subarray(1)
export const returnsResponse = async () => new Response('ü', { status: 201, headers: { 'x-a': 'b' } })
export const returnsBinaryResponse = () => new Response(new Uint8Array([1, 255]))
export const returnsRedirect = () => Response.redirect('https://example.com/')
export const returnsHalfCharacter = () => 'a\\ud800b'
export const putsHalfCharacter = () => Host.outputString('\\udc00')
export const returnsNothing = () => undefined
export const returnsBoth = () => { Host.outputString('said'); return { returned: true } }
export const returnsCycle = () => { const a: any = {}; a.a = a; return a }
export const status = () => 7
export async function later() {
  await Promise.resolve()
  return { later: true }
}
export function fails() {
  const deep = () => { throw new TypeError('no way') }
  deep()
}
export async function rejects() {
  await null
  throw new Error('too late', { cause: new Error('the reason') })
}
export const failsAll = () => Promise.any([Promise.reject(new Error('the first')), Promise.reject('the second')])
export const throwsText = () => { throw 'a text' }
export const never = () => new Promise(() => {})
export function loops() { for (;;) ; }
export function takesAll() { const all: unknown[] = []; for (;;) all.push(new Uint8Array(1 << 20)) }
export function takesAllInPieces() { const all: unknown[] = []; for (;;) all.push({ all }) }
export function recurses() { const deep = (n: number): number => deep(n + 1) + 1; return deep(0) }
export const parsesDeep = () => String(JSON.parse('['.repeat(100_000)))
export function writesDeep() { let value: unknown = 1; for (let i = 0; i < 100_000; i++) value = [value]; return value }
let counter = 0
const builtAt = Date.now(), builtLuck = Math.random()
export const changes = () => ({ counter: ++counter, isLater: Date.now() > builtAt, luck: Math.random(), isOther: Math.random() !== builtLuck, uuid: crypto.randomUUID() })
export async function sleeps() {
  const order: string[] = [], startedAt = performance.now()
  setTimeout(() => order.push('never'), 60_000)
  clearTimeout(setTimeout(() => order.push('cleared'), 1))
  const last = new Promise<void>((resolve) => setTimeout((value: string) => { order.push(value); resolve() }, 500, 'late'))
  setTimeout(() => order.push('soon'), 10)
  await last
  await new Promise<void>((resolve) => { const interval = setInterval(() => { if (order.push('interval') === 5) resolve(clearInterval(interval)) }, 10) })
  return { order: order.join(), tookMs: performance.now() - startedAt }
}
export const timerFails = () => new Promise(() => setTimeout(() => { throw new Error('in a timer') }, 1))
export function keepsValues() {
  Var.set('key', 'value ü'); Var.set('bytes', new Uint8Array([1, 2]))
  return [Config.get('greeting'), Config.get('nothing'), Var.getString('key'), Var.getString('none'), [...new Uint8Array(Var.getBytes('bytes'))].join()]
}
export function storesInMap() {
  const { proxy_plugin_map_set, proxy_plugin_map_get, proxy_plugin_map_incrby } = Host.getFunctions()
  const entry = Memory.fromJsonObject({ key: 'a', value: 'ü' }), key = Memory.fromString('a'), none = Memory.fromString('none')
  const sum = Memory.fromString('{"key":"n","incr":9007199254740991}'), two = Memory.fromString('{"key":"n","incr":2}')
  return {
    set: proxy_plugin_map_set(entry.offset, entry.len),
    got: Memory.find(proxy_plugin_map_get(key, key.len)).readString(),
    none: proxy_plugin_map_get(none.offset, none.len),
    sums: [proxy_plugin_map_incrby(sum.offset, sum.len), proxy_plugin_map_incrby(two.offset, two.len)].map(String),
  }
}
export const mistypes = () => Host.getFunctions().proxy_plugin_map_gett(0, 0)
export const hidesName = () => Host.getFunctions()[['proxy', 'log'].join('_')](1, 0, 0)
export function logs() { console.warn('%s has %d', 'it', 3, { a: [new Error('logged')] }); console.debug(new Map([['k', new Set([1])]])); console.trace('here') }
export function numbers() {
  const read = (handle: any, how: string) => String(handle[how]())
  return [read(Memory.fromUInt32(4_000_000_000), 'readUInt32'), read(Memory.fromUInt64(2n ** 63n), 'readUInt64'), read(Memory.fromFloat64(0.1), 'readFloat64')]
}
`;

/** Where the first line is that holds this. */
const place = (text: string): string => `index.ts:${source.split('\n').findIndex((line) => line.includes(text)) + 1}:`;

let wasm: Uint8Array;
const of = (functionName: string, options: Parameters<typeof load>[1] = {}): Promise<LoadedFunction> => load(wasm, { functionName, ...options });
const answerOf = async (functionName: string, input = ''): Promise<string> => (await of(functionName)).text(input);

beforeAll(async () => {
  ({ wasm } = await compile(source));
});

describe('what a function answers', () => {
  it.each([
    ['greet', 'wörld €😀', 'Hello, wörld €😀'],
    ['greet', '', 'Hello, '],
    ['returns', '', '{"text":"ü€😀","list":[1,2]}'],
    ['returnsText', '', 'plain'],
    ['returnsResponse', '', '{"status":201,"headers":{"content-type":"text/plain;charset=UTF-8","x-a":"b"},"body":"ü"}'],
    ['returnsBinaryResponse', '', '{"status":200,"headers":{},"body_base64":"Af8="}'],
    ['returnsRedirect', '', '{"status":302,"headers":{"location":"https://example.com/"}}'],
    ['returnsHalfCharacter', '', 'a\ufffdb'],
    ['putsHalfCharacter', '', '\ufffd'],
    ['returnsNothing', '', ''],
    ['returnsBoth', '', 'said'],
    ['later', '', '{"later":true}'],
  ])('is what it has set or returned: %s of "%s"', async (name, input, expected) => {
    expect(await answerOf(name, input)).toBe(expected);
  });

  it('can be bytes, and as many as there are', async () => {
    const bytes = Uint8Array.from({ length: 300_001 }, (_, index) => index % 251);
    expect((await (await of('echoBytes')).call(bytes)).output).toEqual(bytes.slice().reverse());
    expect((await (await of('returnsBytes')).call()).output).toEqual(new Uint8Array([2, 3]));
  });

  it('is the same for the hundredth call as for the first', async () => {
    const greet = await of('greet');
    for (let call = 0; call < 100; call += 1) expect(await greet.text(`${call}`)).toBe(`Hello, ${call}`);
  });
});

describe('a function that fails', () => {
  it.each([
    ['status', 'plugin.failed: the plugin returned 7'],
    ['fails', `plugin.failed: TypeError: no way     at deep (${place("TypeError('no way')")}`],
    ['rejects', `plugin.failed: Error: too late     at rejects (${place("Error('too late'")}`],
    ['rejects', 'caused by Error: the reason'],
    ['failsAll', 'AggregateError'],
    ['failsAll', 'caused by Error: the first'],
    ['failsAll', 'caused by thrown: the second'],
    ['throwsText', 'plugin.failed: thrown: a text'],
    ['returnsCycle', 'plugin.failed: TypeError: circular reference'],
    ['never', 'plugin.failed: Error: the function waits for a promise that nothing will ever settle'],
    ['timerFails', 'plugin.failed: Error: in a timer'],
    ['recurses', `plugin.failed: RangeError: Maximum call stack size exceeded     at deep (${place('function recurses')}`],
    ['parsesDeep', 'plugin.failed: RangeError: Maximum call stack size exceeded'],
    ['writesDeep', 'plugin.failed: RangeError: Maximum call stack size exceeded'],
    ['mistypes', 'plugin.failed: Error: there is no host function proxy_plugin_map_gett'],
    ['hidesName', 'plugin.failed: Error: there is no host function proxy_log, or its name is not written out in the source'],
  ])('says why, and where in the source, and answers again: %s', async (name, expected) => {
    const loaded = await of(name);
    for (let call = 0; call < 3; call += 1) expect((await failureOfCall(loaded)).replaceAll(/\s+at /g, '     at ')).toContain(expected);
  });

  it('is cut at its budget when it loops', async () => {
    const loaded = await of('loops', { limits: { cpuMs: 200 } });
    expect(await failureOfCall(loaded)).toMatch(/^plugin\.deadline_exceeded/);
    expect(await failureOfCall(loaded)).toMatch(/^plugin\.deadline_exceeded/);
  });

  it('is told of its memory when it takes all of it, and goes on', async () => {
    const inLarge = await of('takesAll', { limits: { memoryMaxBytes: 8 * 1024 * 1024 } });
    for (let call = 0; call < 2; call += 1) expect(await failureOfCall(inLarge)).toContain(place('function takesAll()'));
    const inPieces = await of('takesAllInPieces', { limits: { memoryMaxBytes: 8 * 1024 * 1024 } });
    for (let call = 0; call < 2; call += 1) expect(await failureOfCall(inPieces)).toMatch(/^plugin\.memory_exceeded|out of memory/);
  });
});

describe('what was there when the function was built', () => {
  it('is there again for each call that is to be fresh, and randomness and time are not', async () => {
    const fresh = await of('changes', { isolation: 'fresh' });
    const answers = [JSON.parse(await fresh.text()), JSON.parse(await fresh.text())];
    expect(answers).toMatchObject([
      { counter: 1, isLater: true, isOther: true },
      { counter: 1, isLater: true, isOther: true },
    ]);
    expect(answers[0].luck).not.toBe(answers[1].luck);
    expect(answers[0].uuid).not.toBe(answers[1].uuid);
  });

  it('changes from call to call of one instance', async () => {
    const reused = await of('changes');
    expect([JSON.parse(await reused.text()).counter, JSON.parse(await reused.text()).counter]).toEqual([1, 2]);
  });

  it('begins with other randomness in each instance', async () => {
    const [first, second] = [await of('changes'), await of('changes')];
    expect(JSON.parse(await first.text()).luck).not.toBe(JSON.parse(await second.text()).luck);
  });
});

describe('timers', () => {
  it('run in their order, each when it is due, and not after the call', async () => {
    const { order, tookMs } = JSON.parse(await answerOf('sleeps'));
    expect(order).toBe('soon,late,interval,interval,interval');
    expect(tookMs).toBeGreaterThanOrEqual(500);
    expect(tookMs).toBeLessThan(30_000);
  });
});

describe('the host', () => {
  it('is there by the names of js-pdk', async () => {
    const loaded = await of('keepsValues', { config: { greeting: 'hi' } });
    expect(await loaded.text()).toBe('["hi",null,"value ü",null,"1,2"]');
    expect(await answerOf('numbers')).toBe('["4000000000","9223372036854775808","0.1"]');
  });

  it('is called through Host.getFunctions, with blocks or their pointers, and answers exact numbers', async () => {
    expect(JSON.parse(await answerOf('storesInMap'))).toEqual({ set: 0, got: 'ü', none: 0, sums: ['9007199254740991', '9007199254740993'] });
  });

  it('logs what console is given, at its level', async () => {
    const loaded = await of('logs');
    await loaded.call();
    expect(loaded.logLines.filter(({ text }) => text !== undefined)).toMatchObject([
      { level: 40, text: expect.stringMatching(/^it has 3 \{ a: \[Error: logged.*index\.ts:/s) },
      { level: 20, text: 'Map(1) { "k" => Set(1) { 1 } }' },
      { level: 10, text: expect.stringMatching(/^Trace: here\s+at logs \(index\.ts:\d+:\d+\)$/) },
    ]);
  });
});

describe('fetch', () => {
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        response.writeHead(request.url === '/missing' ? 404 : 200, { 'content-type': 'application/json', 'x-answer': 'yes' });
        response.end(
          JSON.stringify({ method: request.method, type: request.headers['content-type'] ?? null, body: Buffer.concat(pieces).toString() }),
        );
      });
    });
  });
  afterAll(() => upstream.close());

  const program = `
    export async function run() {
      const base = Host.inputString();
      const got = await fetch(base + '/missing', { headers: { 'x-a': '1' } });
      const posted = await fetch(new Request(base, { method: 'post', body: new URLSearchParams({ a: 'ü b' }) }));
      const clone = posted.clone();
      const bytes = await (await fetch(base, { method: 'PUT', body: new Uint8Array([104, 105]) })).arrayBuffer();
      const old = Http.request({ url: base, method: 'DELETE', headers: { 'content-type': 'x/y' } }, 'body');
      return [got.status, got.ok, got.headers.get('X-Answer'), await got.json(), (await posted.json()).type, (await clone.json()).body,
        JSON.parse(new TextDecoder().decode(bytes)).body, old.status, JSON.parse(old.body).method, posted.bodyUsed];
    }`;

  it('calls out, and so does Http', async () => {
    const loaded = await loadSource(program, {
      allowedHosts: ['api.example.com'],
      egress: { overrides: new Map([['api.example.com', new URL(upstream.url)]]) },
    });
    expect(JSON.parse(await loaded.text('http://api.example.com'))).toEqual([
      404,
      false,
      'yes',
      { method: 'GET', type: null, body: '' },
      'application/x-www-form-urlencoded;charset=UTF-8',
      'a=%C3%BC+b',
      'hi',
      200,
      'DELETE',
      true,
    ]);
  });

  it('fails with an error that can be caught when the call is refused', async () => {
    const loaded = await loadSource('export const run = () => fetch("http://api.example.com/").catch((error) => error.name + ": " + error.message)');
    expect(await loaded.text()).toMatch(/^TypeError: fetch of http:\/\/api\.example\.com\/ failed/);
  });
});

describe('what a function imports of packages/pdk', () => {
  it('is bundled, and brings no host function that is not used', async () => {
    const { wasm: nothing } = await compile("import * as all from '@torii/pdk'; export function run() { return typeof all.config }");
    const { wasm: map } = await compile("import { get } from '@torii/pdk/plugin-map'; export function run() { return get('a') ?? 'none' }");
    const hostFunctionsOf = (bytes: Uint8Array): string[] =>
      describeModule(bytes).imports.flatMap(({ module, name }) => (module === 'extism:host/user' && !name.startsWith('proxy_last') ? [name] : []));
    expect(hostFunctionsOf(nothing)).toEqual([]);
    expect(hostFunctionsOf(map)).toEqual(['proxy_plugin_map_get']);
    expect(await (await load(map)).text()).toBe('none');
  });
});
