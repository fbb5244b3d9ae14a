import { expect, it } from '@jest/globals';
import { guest } from '@torii/test-kit';
import { codeOf, type FunctionOptions, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { compileWat } from '../test/wat.js';
import type { CallCosts, CallObserver, ObservedHostCall, ObservedLease, ObservedLine } from './call-observer.js';

class Recorder implements CallObserver {
  readonly leases: ObservedLease[] = [];
  readonly hostCalls: ObservedHostCall[] = [];
  readonly lines: ObservedLine[] = [];
  readonly ends: CallCosts[] = [];

  constructor(readonly logLinesMax = 0) {}

  onLease(lease: ObservedLease): void {
    this.leases.push(lease);
  }

  onHostCall(call: ObservedHostCall): void {
    this.hostCalls.push(call);
  }

  onLog(line: ObservedLine): void {
    this.lines.push(line);
  }

  onEnd(costs: CallCosts): void {
    this.ends.push(costs);
  }
}

/** Logs an `x` as often as its input has bytes, and may do more before or after. */
const logger = (inStart: string, inRun: string): Uint8Array =>
  compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "input_length" (func $input_length (result i64)))
    (import "extism:host/env" "log_error" (func $log_error (param i64)))
    (import "env" "proxy_log" (func $proxy_log (param i32 i64 i64) (result i32)))
    (func $log (local $block i64)
      (local.set $block (call $alloc (i64.const 1)))
      (call $store_u8 (local.get $block) (i32.const 120))
      (call $log_error (local.get $block)))
    (func (export "_initialize") ${inStart})
    (func (export "run") (result i32) (local $left i64)
      (local.set $left (call $input_length))
      (block $done (loop $again
        (br_if $done (i64.eqz (local.get $left)))
        (call $log)
        (local.set $left (i64.sub (local.get $left) (i64.const 1)))
        (br $again)))
      ${inRun}
      (i32.const 0)))`);

async function loaded(bytes: Uint8Array, use: (loaded: LoadedFunction) => Promise<void>, options: FunctionOptions = {}): Promise<void> {
  const function_ = await loadGuest(bytes, options);
  try {
    await use(function_);
  } finally {
    await function_.close();
  }
}

it('tells of each host call when it began, how long it took, and the bytes in and out', async () => {
  await loaded(await guest('calls-kv'), async ({ call }) => {
    const observer = new Recorder();
    const { wallMs } = await call('', { observer });
    expect(observer.hostCalls).toEqual([
      { name: 'proxy_plugin_map_set', startMs: expect.any(Number), durationMs: expect.any(Number), bytesIn: 28, bytesOut: 0 },
      { name: 'proxy_plugin_map_get', startMs: expect.any(Number), durationMs: expect.any(Number), bytesIn: 1, bytesOut: 6 },
    ]);
    for (const { startMs, durationMs } of observer.hostCalls) {
      expect(startMs).toBeGreaterThanOrEqual(0);
      expect(startMs + durationMs).toBeLessThanOrEqual(wallMs);
    }
  });
});

it('tells whether a call found an instance, or waited until one was made', async () => {
  await loaded(logger('', ''), async ({ call }) => {
    const [cold, warm] = [new Recorder(), new Recorder()];
    await call('', { observer: cold });
    await call('', { observer: warm });
    const [made] = cold.leases;
    expect(made).toEqual({ waitMs: expect.any(Number), createMs: expect.any(Number), callsBefore: 0 });
    expect(made?.waitMs).toBeGreaterThanOrEqual(made?.createMs ?? Number.POSITIVE_INFINITY);
    expect(warm.leases).toEqual([{ waitMs: 0, createMs: undefined, callsBefore: 1 }]);
  });
});

it('tells what the call has cost, also when the guest failed', async () => {
  await loaded(await guest('trap'), async ({ call }) => {
    const observer = new Recorder();
    expect(await codeOf(call('', { observer }))).toBe('plugin.trapped');
    expect(observer.ends).toEqual([expect.objectContaining({ hostCalls: 0, cpuMs: expect.any(Number), memoryBytes: expect.any(Number) })]);
  });
});

it('tells of every line up to its own bound, whatever the log of the node takes', async () => {
  await loaded(logger('', ''), async ({ call, logLines }) => {
    const observer = new Recorder(150);
    await call('x'.repeat(200), { observer });
    const messages = observer.lines.map(({ message }) => message);
    expect(messages.slice(0, 150)).toEqual(Array.from({ length: 150 }, () => 'x'));
    expect(messages.slice(150)).toEqual(['the call logged more than 150 lines; the rest is left out']);
    expect(logLines.filter(({ msg }) => msg === 'plugin log')).toHaveLength(100);
    expect(logLines.filter(({ msg }) => msg === 'plugin log cut')).toHaveLength(1);
  });
});

it('tells of what the host refused, and why', async () => {
  await loaded(logger('', '(drop (call $proxy_log (i32.const 99) (i64.const 0) (i64.const 0)))'), async ({ call }) => {
    const observer = new Recorder(10);
    await call('', { observer });
    expect(observer.lines).toEqual([
      { level: 'warn', message: 'host function refused: proxy_log, bad_argument, there is no such level', atMs: expect.any(Number) },
    ]);
  });
});

it('tells what instances do while they are initialised, when the runtime was asked to', async () => {
  const observer = new Recorder(10);
  await loaded(logger('(call $log)', ''), async ({ call }) => void (await call()), { observer });
  expect(observer.lines).toMatchObject([{ level: 'error', message: 'x' }]);
});

it('tells nothing of calls without one', async () => {
  await loaded(logger('', ''), async ({ call }) => {
    const observer = new Recorder(10);
    await call('x', { observer });
    await call('x');
    expect(observer.lines).toHaveLength(1);
    expect(observer.ends).toHaveLength(1);
  });
});
