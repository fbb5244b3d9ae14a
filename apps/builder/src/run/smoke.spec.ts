import { afterAll, expect, it } from '@jest/globals';
import { BuildError, type FunctionSettings, type TestInput } from '@torii/contracts';
import { Deadline, systemClock } from '@torii/service-kit';
import { compileWat, giantModules, guest, type HostileName, hostileGuest, startUpstream } from '@torii/test-kit';
import { aRunner, limitsWith } from '../../test/a-runner.js';
import { httpCaller } from '../../test/http-caller.js';

const { smoke, runner } = aRunner();
afterAll(() => runner.close());

async function refusal(call: Promise<unknown>): Promise<{ code: string; detail: string }> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof BuildError)) throw new Error(`not refused: ${String(error)}`);
  return { code: error.code, detail: error.message };
}

it('says what the function answered', async () => {
  expect(await smoke(await guest('hello'))).toEqual({
    functionName: 'run',
    outcome: 'answered',
    detail: '{"status":200,"body_str":"hello"}',
    durationMs: expect.any(Number),
  });
});

it('calls it with a request such as a backend gets, when there is no test input', async () => {
  const { detail } = await smoke(await guest('echo'));
  expect(detail).toContain('"request":{"method":"GET"');
});

it('calls it with the test input: text as it is, anything else as JSON', async () => {
  const echo = await guest('echo');
  const detailOf = async (input: TestInput['input']): Promise<string> => (await smoke(echo, { testInput: { name: 'a', input } })).detail;
  expect(await detailOf('"hello"')).toBe('{"status":200,"body_json":"hello"}');
  expect(await detailOf({ a: [1] })).toBe('{"status":200,"body_json":{"a":[1]}}');
});

it('only reports a call that fails, with the functions it failed in', async () => {
  const wasm = await compileWat(`(module
    (func $parse unreachable)
    (func $handle (export "run") (result i32) (call $parse) (i32.const 0)))`);
  expect(await smoke(wasm)).toMatchObject({ outcome: 'failed', detail: 'plugin.trapped: unreachable (in parse, called by handle)' });
});

it('has no network for it', async () => {
  const upstream = await startUpstream();
  try {
    const settings = { allowedHosts: [`http://127.0.0.1:${upstream.port}`], allowPrivate: true };
    const { detail } = await smoke(await httpCaller(upstream.url), { settings });
    expect(JSON.parse(detail)).toMatchObject({ status: 403, error: { code: 'egress_refused', detail: 'the call after a build has no network' } });
    expect(upstream.calls()).toBe(0);
  } finally {
    await upstream.close();
  }
});

it('gives it stores that are empty, each time', async () => {
  const wasm = await guest('calls-kv');
  const settings: Partial<FunctionSettings> = { hostFunctions: ['plugin_map:read', 'plugin_map:write'] };
  expect(await smoke(wasm, { settings })).toMatchObject({ outcome: 'answered', detail: '{"body_str":"stored"}' });
});

it('does not call a function whose settings lack a grant, and names that', async () => {
  expect(await smoke(await guest('calls-kv'))).toMatchObject({
    functionName: 'run',
    outcome: 'not_called',
    detail: 'the module imports env.proxy_plugin_map_set: add "plugin_map:write" to hostFunctions of its settings',
  });
});

it('does not guess which of several functions to call', async () => {
  const wasm = await compileWat('(module (func (export "a")) (func (export "b")))');
  expect(await smoke(wasm)).toMatchObject({
    outcome: 'not_called',
    detail: expect.stringContaining('the module exports a, b: name the one to call'),
  });
  expect(await smoke(wasm, { functionName: 'b' })).toMatchObject({ functionName: 'b', outcome: 'answered' });
});

it('does not take what toolchains export to begin with for a function', async () => {
  const wasm = await compileWat('(module (func (export "_initialize")) (func (export "_start")) (func $s) (start $s) (func (export "only")))');
  expect(await smoke(wasm)).toMatchObject({ functionName: 'only', outcome: 'answered', detail: '' });
});

it.each([
  ['execute', 'backend'],
  ['can_access', 'access_validator'],
  ['transform_request', 'request_transformer'],
] as const)('calls %s of a %s without being told', async (functionName, kind) => {
  const wasm = await compileWat(`(module (func (export "other")) (func (export "${functionName}")))`);
  expect(await smoke(wasm, { settings: { kind } })).toMatchObject({ functionName, outcome: 'answered' });
});

it.each<[HostileName, number, RegExp]>([
  ['start-trap', 60_000, /initialising the plugin failed: unreachable/],
  ['start-loop', 300, /initialising the plugin failed: the plugin (computed for more|took longer) than/],
  ['initialize-loop', 300, /initialising the plugin failed: the plugin (computed for more|took longer) than/],
  ['initialize-sleep', 300, /initialising the plugin failed: the plugin took longer than/],
])('fails a module whose own beginning fails (%s, within %d ms)', async (name, startTimeoutMs, says) => {
  const { smoke: smokeShortly, runner: short } = aRunner({ limits: { startTimeoutMs } });
  const { code, detail } = await refusal(smokeShortly(await hostileGuest(name)));
  expect(code).toBe('build.smoke_failed');
  expect(detail).toMatch(says);
  await short.close();
});

it('names the function that a start failed in, and what it logged before', async () => {
  const wasm = await compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "log_error" (func $log_error (param i64)))
    (func $read_settings (local $block i64)
      (local.set $block (call $alloc (i64.const 2)))
      (call $store_u8 (local.get $block) (i32.const 104))
      (call $store_u8 (i64.add (local.get $block) (i64.const 1)) (i32.const 105))
      (call $log_error (local.get $block))
      unreachable)
    (func $begin (export "_initialize") (call $read_settings))
    (func (export "run")))`);
  expect(await refusal(smoke(wasm))).toEqual({
    code: 'build.smoke_failed',
    detail: 'initialising the plugin failed: unreachable (in read_settings, called by begin); it logged: hi',
  });
});

it.each([
  ['is no module', async () => Buffer.from('\0asm\x01\0\0\0\x63', 'latin1'), /the module that was built cannot run here: /],
  ['has more code than there may be', async () => giantModules.fiftyMegabytesOfCode(), /bytes of code; at most/],
  [
    'has data that lies outside of its memory',
    () => compileWat('(module (memory 1) (data (i32.const 70000) "x") (func (export "run")))'),
    /cannot be instantiated/,
  ],
  ['does not export the function', () => compileWat('(module (func (export "other")))'), /no exported function "run"/],
])('refuses what %s', async (_, wasm, says) => {
  const { code, detail } = await refusal(smoke(await wasm(), { functionName: 'run' }));
  expect(code).toBe('build.artifact_rejected');
  expect(detail).toMatch(says);
});

it('says that the time for the build is over when that is why', async () => {
  const deadline = Deadline.after(0, systemClock);
  expect(await refusal(smoke(await hostileGuest('start-loop'), { deadline }))).toMatchObject({ code: 'build.deadline_exceeded' });
});

it('cuts the call at the deadline of the build', async () => {
  // Of a clock that stands still: whatever preparing takes, the call has all of this.
  const deadline = Deadline.after(5_000, { ...systemClock, nowMs: () => 0 });
  const settings = { limits: limitsWith({ cpuMs: 60_000, wallMs: 60_000 }) };
  expect(await smoke(await guest('loop-forever'), { deadline, settings })).toMatchObject({
    outcome: 'failed',
    detail: expect.stringMatching(/^plugin\.deadline_exceeded: the plugin took longer than 5000 ms/),
  });
});

it('ends with the build that is cancelled', async () => {
  const aborter = new AbortController();
  const settings = { limits: limitsWith({ cpuMs: 60_000, wallMs: 60_000 }) };
  const call = smoke(await guest('loop-forever'), { settings, signal: aborter.signal, onPrepared: () => setTimeout(() => aborter.abort(), 100) });
  await expect(call).rejects.toMatchObject({ code: 'client.gone' });
});
