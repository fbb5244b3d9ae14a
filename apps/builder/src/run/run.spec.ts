import { afterAll, describe, expect, it } from '@jest/globals';
import { BuilderRunRequest, type FunctionSettings, runLimits } from '@torii/contracts';
import { compileWat, eventually, guest, type HostileName, hostileGuest, realModule, startUpstream } from '@torii/test-kit';
import { type AddressApi, startAddressApi } from '../../../../examples/geolocation-go/address-api.mjs';
import { aRunner, limitsWith } from '../../test/a-runner.js';
import { httpCaller } from '../../test/http-caller.js';

const { run, runner } = aRunner();
afterAll(() => runner.close());

const mapGrants: Partial<FunctionSettings> = { hostFunctions: ['plugin_map:read', 'plugin_map:write'] };

it('answers what the function wrote, what it took, and how long', async () => {
  expect(await run(await guest('hello'))).toEqual({
    ok: true,
    error: null,
    output: { encoding: 'utf8', content: '{"status":200,"body_str":"hello"}', bytes: 33, truncated: false },
    logs: [],
    hostCalls: [],
    timings: {
      fetchMs: expect.any(Number),
      prepareMs: expect.any(Number),
      callMs: expect.any(Number),
      guestCpuMs: expect.any(Number),
      hostMs: 0,
    },
    memoryBytes: expect.any(Number),
  });
});

it('tells of each host call', async () => {
  const { ok, hostCalls, timings } = await run(await guest('calls-kv'), { settings: mapGrants });
  expect(ok).toBe(true);
  expect(hostCalls).toEqual([
    { name: 'proxy_plugin_map_set', startMs: expect.any(Number), durationMs: expect.any(Number), bytesIn: 28, bytesOut: 0 },
    { name: 'proxy_plugin_map_get', startMs: expect.any(Number), durationMs: expect.any(Number), bytesIn: 1, bytesOut: 6 },
  ]);
  expect(timings.hostMs).toBeGreaterThan(0);
});

it('forgets what a run has stored when it is over', async () => {
  const wasm = await storedBefore();
  expect((await run(wasm, { settings: mapGrants })).output.content).toBe('');
  expect((await run(wasm, { settings: mapGrants })).output.content).toBe('');
});

it('fetches and prepares a module once, also when several ask for it at once', async () => {
  const { run: runOnce, runner: other, fetches } = aRunner();
  const wasm = await guest('echo');
  await Promise.all([runOnce(wasm), runOnce(wasm), runOnce(wasm)]);
  expect(await runOnce(wasm)).toMatchObject({ ok: true, timings: { fetchMs: 0 } });
  expect(fetches()).toBe(1);
  await other.close();
});

it('keeps no more modules than it may', async () => {
  const { run: runFew, runner: other, fetches } = aRunner({ limits: { keptMax: 1 } });
  const [echo, hello] = [await guest('echo'), await guest('hello')];
  for (const wasm of [echo, hello, hello, echo]) expect(await runFew(wasm)).toMatchObject({ ok: true });
  expect(fetches()).toBe(3);
  await other.close();
});

it('answers bytes that are no text in base64', async () => {
  expect((await run(await guest('echo'), { input: Buffer.from([0xff, 0xfe]) })).output).toEqual({
    encoding: 'base64',
    content: Buffer.concat([Buffer.from('{"status":200,"body_json":'), Buffer.from([0xff, 0xfe]), Buffer.from('}')]).toString('base64'),
    bytes: 29,
    truncated: false,
  });
});

it('cuts a long output between characters, and says how long it was', async () => {
  const input = 'é'.repeat(700_000);
  const { ok, output } = await run(await guest('echo'), { input });
  expect({ ok, encoding: output.encoding, bytes: output.bytes, truncated: output.truncated }).toEqual({
    ok: true,
    encoding: 'utf8',
    bytes: 1_400_027,
    truncated: true,
  });
  expect(Buffer.byteLength(output.content)).toBeLessThanOrEqual(runLimits.outputMaxBytes);
  expect(output.content.endsWith('éé')).toBe(true);
});

describe('outbound calls', () => {
  it('go where the settings allow, and are told of with what they took', async () => {
    const upstream = await startUpstream((_request, response) => void response.end('it is me'));
    const { run: runOut, runner: other } = aRunner({
      egress: { overrides: new Map([['api.example.com', upstream.url]]), privateCidrs: [], connectTimeoutMs: 30_000 },
    });
    const wasm = await httpCaller('http://api.example.com/');
    const { output, hostCalls } = await runOut(wasm, { settings: { allowedHosts: ['http://api.example.com'] } });
    expect(JSON.parse(output.content)).toMatchObject({ status: 200, body_base64: Buffer.from('it is me').toString('base64') });
    expect(hostCalls).toMatchObject([{ name: 'proxy_http_call', bytesOut: output.bytes }]);

    const refused = await runOut(wasm, { settings: { allowedHosts: ['*.example.org'] } });
    expect(JSON.parse(refused.output.content)).toMatchObject({ status: 403, error: { code: 'egress_refused' } });
    expect(upstream.calls()).toBe(1);
    await other.close();
    await upstream.close();
  });

  it('reach no private address unless operator and settings both say so', async () => {
    const upstream = await startUpstream();
    const wasm = await httpCaller(upstream.url);
    const settings = { allowedHosts: [`http://127.0.0.1:${upstream.port}`], allowPrivate: true };
    const { run: runInside, runner: other } = aRunner({
      egress: { overrides: new Map(), privateCidrs: ['127.0.0.0/8'], connectTimeoutMs: 30_000 },
    });
    const statusOf = async (answer: ReturnType<typeof run>): Promise<number> => JSON.parse((await answer).output.content).status;
    expect(await statusOf(run(wasm, { settings }))).toBe(403);
    expect(await statusOf(runInside(wasm, { settings: { ...settings, allowPrivate: false } }))).toBe(403);
    expect(await statusOf(runInside(wasm, { settings }))).toBe(200);
    await other.close();
    await upstream.close();
  });

  it("let the article's function look an address up", async () => {
    const api: AddressApi = await startAddressApi({ delayMs: 0 });
    const { run: runGo, runner: other } = aRunner({
      egress: { overrides: new Map([['api-adresse.data.gouv.fr', `http://127.0.0.1:${api.port}`]]), privateCidrs: [], connectTimeoutMs: 30_000 },
    });
    const { ok, error, output, hostCalls } = await runGo(await realModule('go'), {
      functionName: 'GetCompleteAddress',
      input: JSON.stringify({ request: { query: { q: ['Avenue de Ségur Paris'] } } }),
      settings: { ...mapGrants, allowedHosts: ['*.data.gouv.fr'] },
    });
    expect({ ok, error }).toEqual({ ok: true, error: null });
    expect(output.content).toContain('20 Avenue de Ségur 75007 Paris');
    const names = hostCalls.map(({ name }) => name);
    expect(names.filter((name) => name.startsWith('proxy_') || name === 'http_request')).toEqual([
      'proxy_plugin_map_get',
      'http_request',
      'proxy_plugin_map_set',
    ]);
    expect(api.calls()).toBe(1);
    await other.close();
    await api.close();
  });
});

describe('a function that is up to no good', () => {
  it.each<[HostileName, string, Partial<FunctionSettings['limits']>, string]>([
    ['endless', 'loop', { cpuMs: 50 }, 'plugin.deadline_exceeded'],
    ['endless', 'catchesItsEnd', { cpuMs: 50 }, 'plugin.deadline_exceeded'],
    ['endless', 'fill', { wallMs: 300, cpuMs: 300 }, 'plugin.deadline_exceeded'],
    ['recursion', 'direct', {}, 'plugin.trapped'],
    ['memory-bombs', 'growAndAbort', { memoryMaxBytes: 8 * 1024 * 1024 }, 'plugin.memory_exceeded'],
    ['outputs', 'huge', {}, 'plugin.limit_exceeded'],
    ['outputs', 'outputThenTrap', {}, 'plugin.trapped'],
    ['host-storm', 'logCatching', {}, 'plugin.limit_exceeded'],
    ['host-storm', 'mapCatching', { hostCallsMax: 2_000 }, 'plugin.limit_exceeded'],
  ])('ends with the code a request would get (%s: %s)', async (name, functionName, limits, code) => {
    const settings = { ...mapGrants, limits: limitsWith(limits) };
    const result = await run(await hostileGuest(name), { functionName, settings });
    expect({ ok: result.ok, code: result.error?.code }).toEqual({ ok: false, code });
    expect(result.output.content).toBe('');
    expect(result.logs.length).toBeLessThanOrEqual(runLimits.logLinesMax + 2);
    expect(result.hostCalls.length).toBeLessThanOrEqual(runLimits.hostCallsMax);
    expect(await run(await guest('hello'))).toMatchObject({ ok: true });
  });

  it('is told what it logged and called up to the bounds, and that there was more', async () => {
    const { logs, hostCalls } = await run(await hostileGuest('host-storm'), { functionName: 'log', settings: mapGrants });
    expect(hostCalls).toHaveLength(runLimits.hostCallsMax);
    expect(logs.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['the call logged more than 1000 lines; the rest is left out', 'the first 1000 calls of host functions are listed']),
    );
  });

  it('does not keep others from being run meanwhile', async () => {
    const endless = run(await guest('loop-forever'), { settings: { limits: limitsWith({ cpuMs: 1_000 }) } });
    expect(await run(await guest('hello'))).toMatchObject({ ok: true });
    expect(await endless).toMatchObject({ ok: false, error: { code: 'plugin.deadline_exceeded' } });
  });
});

it.each([
  ['lacks a grant', () => guest('calls-kv'), 'run', 'needs the grant plugin_map:write'],
  ['has no such function', () => guest('hello'), 'walk', 'no exported function "walk"'],
  ['is no module', async () => Buffer.from('\0asm\x01\0\0\0\x63', 'latin1'), 'run', ''],
])('answers that a function %s', async (_, wasm, functionName, says) => {
  const result = await run(await wasm(), { functionName });
  expect(result).toMatchObject({ ok: false, error: { code: 'config.compile_failed', detail: expect.stringContaining(says) } });
});

it('tells which functions a trap happened in', async () => {
  const wasm = await compileWat('(module (func $inner unreachable) (func $outer (export "run") (call $inner)))');
  expect((await run(wasm)).error?.detail).toBe('unreachable (in inner, called by outer)');
});

it('passes on that there is no such artifact', async () => {
  const request = BuilderRunRequest.parse({ sha256: 'a'.repeat(64), functionName: 'run', inputBase64: '', settings: {} });
  await expect(runner.run(request, new AbortController().signal)).rejects.toMatchObject({ code: 'config.unknown_artifact' });
});

it('ends a run whose caller has gone, and one that waits for its turn', async () => {
  const { run: runOne, runner: other } = aRunner({ limits: { runsMax: 1 } });
  const endless = await guest('loop-forever');
  const settings = { limits: limitsWith({ cpuMs: 60_000, wallMs: 60_000 }) };
  const [running, waiting] = [new AbortController(), new AbortController()];
  const first = runOne(endless, { settings, signal: running.signal });
  const second = runOne(endless, { settings, signal: waiting.signal });
  waiting.abort();
  await expect(second).rejects.toMatchObject({ code: 'client.gone' });
  running.abort();
  await expect(first).rejects.toMatchObject({ code: 'client.gone' });
  await eventually(async () => (await runOne(await guest('hello'))).ok);
  await other.close();
});

it('turns runs away when too many wait, or wait for too long', async () => {
  const { run: runOne, runner: other } = aRunner({ limits: { runsMax: 1, queuedMax: 1, queueWaitMs: 100 } });
  const endless = await guest('loop-forever');
  const settings = { limits: limitsWith({ cpuMs: 60_000, wallMs: 60_000 }) };
  const caller = new AbortController();
  const [first, second, third] = Array.from({ length: 3 }, () => runOne(endless, { settings, signal: caller.signal }));
  await expect(third).rejects.toMatchObject({ code: 'capacity.overloaded', detail: expect.stringContaining('too many') });
  await expect(second).rejects.toMatchObject({ code: 'capacity.overloaded', detail: expect.stringContaining('within 100 ms') });
  caller.abort();
  await expect(first).rejects.toMatchObject({ code: 'client.gone' });
  await other.close();
});

it('fails what runs when it is closed', async () => {
  const { run: runOne, runner: other } = aRunner();
  await runOne(await guest('hello'));
  const settings = { limits: limitsWith({ cpuMs: 60_000, wallMs: 60_000 }) };
  const running = runOne(await guest('loop-forever'), { settings });
  const refused = expect(running).rejects.toMatchObject({ code: 'capacity.shutting_down' });
  await other.close();
  await refused;
  await expect(runOne(await guest('hello'))).rejects.toMatchObject({ code: 'capacity.shutting_down' });
});

/** Answers what is in its map under `k`, and then puts something there. */
function storedBefore(): Promise<Uint8Array> {
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "length" (func $length (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (import "env" "proxy_plugin_map_set" (func $set (param i64 i64) (result i64)))
    (import "env" "proxy_plugin_map_get" (func $get (param i64 i64) (result i64)))
    (memory (export "memory") 1)
    (data (i32.const 0) "{\\"key\\":\\"k\\",\\"value\\":\\"stored\\"}")
    (func $block (param $from i32) (param $size i32) (result i64) (local $block i64) (local $i i32)
      (local.set $block (call $alloc (i64.extend_i32_u (local.get $size))))
      (loop $copy
        (call $store_u8 (i64.add (local.get $block) (i64.extend_i32_u (local.get $i)))
          (i32.load8_u (i32.add (local.get $from) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $copy (i32.lt_u (local.get $i) (local.get $size))))
      (local.get $block))
    (func (export "run") (local $before i64)
      (local.set $before (call $get (call $block (i32.const 8) (i32.const 1)) (i64.const 1)))
      (drop (call $set (call $block (i32.const 0) (i32.const 28)) (i64.const 28)))
      (call $output_set (local.get $before) (call $length (local.get $before)))))`);
}
