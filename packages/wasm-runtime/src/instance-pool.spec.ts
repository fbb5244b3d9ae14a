import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { codeOf, type FunctionOptions, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { compileWat, guestBytes } from '../test/wat.js';
import { InstanceBudget } from './index.js';

const echo = guestBytes('echo');
const wasi = guestBytes('wasi');
const opened: LoadedFunction[] = [];

async function load(bytes: Uint8Array, options: FunctionOptions = {}): Promise<LoadedFunction> {
  const loaded = await loadGuest(bytes, options);
  opened.push(loaded);
  return loaded;
}

/** A function that holds its instance for 20 ms. */
function loadSlow(limits: NonNullable<FunctionOptions['limits']>): Promise<LoadedFunction> {
  return load(wasi, { functionName: 'sleepShort', limits });
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

describe('InstancePool', () => {
  it('answers what the guest answers, empty and large inputs too', async () => {
    const { text, call } = await load(echo);
    expect(await text('')).toBe('');
    expect(await text('grüße, 日本 \u{1f980}')).toBe('grüße, 日本 \u{1f980}');
    const large = Uint8Array.from({ length: 700_001 }, (_, index) => index % 251);
    expect(Buffer.compare((await call(large)).output, large)).toBe(0);
  });

  it('calls another function of the same guest where a call asks for it, and loads none that lacks one', async () => {
    const wat = `(module
      (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
      (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
      (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
      (global $calls (mut i32) (i32.const 48))
      (func $say (param $letter i32) (result i32) (local $at i64)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
        (local.set $at (call $alloc (i64.const 2)))
        (call $store_u8 (local.get $at) (local.get $letter))
        (call $store_u8 (i64.add (local.get $at) (i64.const 1)) (global.get $calls))
        (call $output_set (local.get $at) (i64.const 2))
        (i32.const 0))
      (func (export "run") (result i32) (call $say (i32.const 65)))
      (func (export "other") (result i32) (call $say (i32.const 66))))`;
    const { call, pool } = await load(compileWat(wat), { otherFunctionNames: ['other'] });
    const texts = [];
    for (const functionName of ['other', undefined, 'other']) texts.push(Buffer.from((await call('', { functionName })).output).toString());
    expect(texts).toEqual(['B1', 'A2', 'B3']);
    expect(pool.stats.created).toBe(1);
    const lacking = await load(compileWat(wat), { otherFunctionNames: ['another'] });
    expect(await codeOf(lacking.pool.warmUp(30_000))).toBe('config.compile_failed');
  });

  it('hands out copies that later calls do not change', async () => {
    const { call } = await load(echo);
    const first = await call('first');
    await call('other');
    expect(Buffer.from(first.output).toString()).toBe('first');
  });

  it("never lets one of many concurrent calls see another's data", async () => {
    const { text, pool } = await load(echo, { limits: { maxInstancesPerNode: 3, maxQueuedPerNode: 1_000 } });
    const inputs = Array.from({ length: 300 }, (_, index) => `${index}:`.repeat(1 + (index % 40)));
    expect(await Promise.all(inputs.map((input) => text(input)))).toEqual(inputs);
    expect(pool.stats).toMatchObject({ leased: 0, waiting: 0, evicted: 0 });
  });

  it.each(['quick', 'new'])('serves calls of one turn that wait for nothing with one instance when the plugin is %s', async (age) => {
    const { text, pool } = await load(echo, { limits: { maxInstancesPerNode: 3, maxQueuedPerNode: 1_000 } });
    await text('first');
    if (age === 'quick') for (let left = 20; left > 0; left -= 1) await text('again');
    const inputs = Array.from({ length: 300 }, (_, index) => String(index));
    expect(await Promise.all(inputs.map((input) => text(input)))).toEqual(inputs);
    expect(pool.stats).toMatchObject({ idle: 1, leased: 0, waiting: 0, created: 1, evicted: 0 });
  });

  it('serves who waits in the order they came', async () => {
    const { pool, call } = await loadSlow({ maxInstancesPerNode: 1 });
    await pool.warmUp(30_000);
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3].map((index) => call().then(() => order.push(index))));
    expect(order).toEqual([0, 1, 2, 3]);
  });

  it('refuses at once when the line is full', async () => {
    const { pool, call } = await loadSlow({ maxInstancesPerNode: 1, maxQueuedPerNode: 2 });
    await pool.warmUp(30_000);
    const outcomes = await Promise.all(Array.from({ length: 5 }, () => codeOf(call())));
    expect(outcomes).toEqual(['none', 'none', 'none', 'capacity.pool_exhausted', 'capacity.pool_exhausted']);
  });

  it('refuses who has waited long enough', async () => {
    const { pool, call } = await load(wasi, { functionName: 'sleepLong', limits: { maxInstancesPerNode: 1, queueWaitMs: 10 } });
    await pool.warmUp(30_000);
    const client = new AbortController();
    const [first, second] = [codeOf(call('', { signal: client.signal })), codeOf(call())];
    expect(await second).toBe('capacity.pool_exhausted');
    expect(pool.stats).toMatchObject({ leased: 1, waiting: 0 });
    client.abort();
    expect(await first).toBe('client.gone');
  });

  it('lets a first call through without a line to wait in', async () => {
    const { call } = await load(echo, { limits: { maxInstancesPerNode: 1, maxQueuedPerNode: 0, queueWaitMs: 0 } });
    expect(await codeOf(call('x'))).toBe('none');
  });

  it('forgets who leaves the line', async () => {
    const { pool, call } = await loadSlow({ maxInstancesPerNode: 1 });
    await pool.warmUp(30_000);
    const client = new AbortController();
    const first = call();
    const gone = codeOf(call('', { signal: client.signal }));
    const last = codeOf(call());
    client.abort();
    expect(await gone).toBe('client.gone');
    expect(pool.stats.waiting).toBe(1);
    await first;
    expect(await last).toBe('none');
  });

  it('replaces an instance that was given up for who waits', async () => {
    const { pool, call } = await load(guestBytes('failures'), { functionName: 'trap', limits: { maxInstancesPerNode: 1 } });
    const outcomes = await Promise.all([codeOf(call()), codeOf(call()), codeOf(call())]);
    expect(outcomes).toEqual(['plugin.trapped', 'plugin.trapped', 'plugin.trapped']);
    expect(pool.stats).toMatchObject({ idle: 0, leased: 0, created: 3, evicted: 3 });
  });

  it('gives up an instance whose kernel memory has grown large', async () => {
    const { pool, call } = await load(echo, { limits: { requestMaxBytes: 16 * 1024 * 1024, responseMaxBytes: 16 * 1024 * 1024 } });
    await call(new Uint8Array(9 * 1024 * 1024));
    expect(pool.stats).toMatchObject({ idle: 0, evicted: 1 });
  });

  it('gives up the instances nobody has used for a while, the last one too, and makes one again for the next call', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    try {
      const { pool, call } = await load(echo, { instanceIdleMs: 60_000 });
      for (let made = 0; made < 3; made += 1) await pool.warmUp(30_000);
      expect(pool.stats.idle).toBe(3);
      jest.advanceTimersByTime(50_000);
      expect(pool.stats.idle).toBe(3);
      await call('x');
      jest.advanceTimersByTime(30_000);
      expect(pool.stats).toMatchObject({ idle: 1, evicted: 2 });
      jest.advanceTimersByTime(90_000);
      expect(pool.stats).toMatchObject({ idle: 0, evicted: 3 });
      await call('x');
      expect(pool.stats).toMatchObject({ idle: 1, created: 4 });
      await pool.close();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  it('closes when the last call is back, and takes no new ones', async () => {
    const { pool, call } = await loadSlow({});
    await pool.warmUp(30_000);
    const last = codeOf(call());
    const closed = pool.close();
    expect(await codeOf(call())).toBe('capacity.shutting_down');
    expect(await last).toBe('none');
    await closed;
    expect(pool.stats).toMatchObject({ idle: 0, leased: 0, waiting: 0 });
  });

  it('gives up the image of fresh instances with the last of them, so that functions nobody calls take no memory', async () => {
    const budget = new InstanceBudget();
    const { pool, call } = await load(echo, { budget, isolation: 'fresh' });
    for (let round = 0; round < 2; round += 1) {
      for (let made = 0; made < 2; made += 1) await pool.warmUp(30_000);
      pool.evictOldestIdle();
      const withOne = budget.liveBytes;
      pool.evictOldestIdle();
      expect([withOne > 0, budget.liveBytes, budget.liveInstances]).toEqual([true, 0, 0]);
    }
    await call('x');
    await pool.close();
    expect(budget.liveBytes).toBe(0);
  });

  it('makes room within the budget by giving up what was idle for longest', async () => {
    const budget = new InstanceBudget({ maxInstances: 2 });
    const [oldest, newer, newest] = await Promise.all([0, 1, 2].map(() => load(echo, { budget })));
    for (const loaded of [oldest, newer, newest]) await loaded?.call('x');
    expect([oldest, newer, newest].map((loaded) => loaded?.pool.stats.idle)).toEqual([0, 1, 1]);
  });

  it('waits for a busy instance rather than going over the budget', async () => {
    const budget = new InstanceBudget({ maxInstances: 1 });
    const { pool, call } = await load(wasi, { functionName: 'sleepShort', budget });
    const outcomes = [codeOf(call()), codeOf(call())];
    expect(await Promise.all(outcomes)).toEqual(['none', 'none']);
    expect(pool.stats.created).toBe(1);
  });

  it('serves who waits for a place in the budget when another plugin is done with one', async () => {
    const budget = new InstanceBudget({ maxInstances: 1 });
    const [busy, other] = await Promise.all(['sleepShort', 'sleepShort'].map((functionName) => load(wasi, { functionName, budget })));
    await busy?.pool.warmUp(30_000);
    const first = busy?.call();
    const left = new AbortController();
    const gone = codeOf(other?.call('', { signal: left.signal }) ?? Promise.resolve());
    const second = codeOf(other?.call() ?? Promise.resolve());
    left.abort();
    expect(await gone).toBe('client.gone');
    await first;
    expect(await second).toBe('none');
    expect([busy, other].map((loaded) => loaded?.pool.stats.idle)).toEqual([0, 1]);
  });

  it('gives up an instance whose kernel memory has grown large though the guest failed', async () => {
    const limits = { requestMaxBytes: 16 * 1024 * 1024 };
    const { pool, call } = await load(guestBytes('failures'), { functionName: 'fail', limits });
    expect(await codeOf(call(new Uint8Array(9 * 1024 * 1024)))).toBe('plugin.failed');
    expect(pool.stats).toMatchObject({ idle: 0, evicted: 1 });
  });
});

describe('warmUp', () => {
  const guests: [name: string, wat: string, detail: RegExp][] = [
    ['has no such export', '(module)', /no exported function "run"/],
    ['exports something else by that name', '(module (memory (export "run") 1))', /no exported function "run"/],
    ['takes arguments', '(module (func (export "run") (param i32)))', /must take nothing/],
    ['imports what nobody knows', '(module (import "env" "nonsense" (func)) (func (export "run")))', /"env" "nonsense" is unknown/],
    ['imports from nowhere', '(module (import "toString" "call" (func)) (func (export "run")))', /"toString" "call" is unknown/],
    [
      'imports what it was not granted',
      '(module (import "env" "proxy_plugin_map_get" (func (param i64 i64) (result i64))) (func (export "run")))',
      /needs the grant plugin_map:read/,
    ],
    [
      'imports with another signature',
      '(module (import "env" "proxy_http_call" (func (param f32 i64) (result i64))) (func (export "run")))',
      /i32 or i64/,
    ],
    [
      'imports a kernel function with another signature',
      '(module (import "extism:host/env" "alloc" (func (param i32) (result i32))) (func (export "run")))',
      /alloc/,
    ],
    ['traps in its start function', '(module (func $s (unreachable)) (start $s) (func (export "run")))', /initialising the plugin failed/],
    ['never leaves its start function', '(module (func $s (loop $l (br $l))) (start $s) (func (export "run")))', /initialising the plugin failed/],
    ['never leaves _initialize', '(module (func (export "_initialize") (loop $l (br $l))) (func (export "run")))', /initialising the plugin failed/],
    ['never leaves hs_init', '(module (func (export "hs_init") (loop $l (br $l))) (func (export "run")))', /initialising the plugin failed/],
    [
      'exits while initialising',
      '(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (func (export "_initialize") (call $e (i32.const 0))) (func (export "run")))',
      /exited while initialising/,
    ],
  ];

  it.each(guests)('refuses a module that %s', async (name, wat, detail) => {
    const { pool } = await load(compileWat(wat), { grants: [] });
    await expect(pool.warmUp(name.startsWith('never') ? 100 : 30_000)).rejects.toMatchObject({
      code: 'config.compile_failed',
      detail: expect.stringMatching(detail),
    });
    expect(pool.stats).toMatchObject({ idle: 0, created: 0 });
  });

  /** Where the start of the module is in no doubt; what is wrong is between it and the plugin, or shows by itself. */
  const showing = guests.slice(0, 7);

  it.each(showing)('is not needed to refuse a module that %s', async (_name, wat, detail) => {
    const { pool } = await load(compileWat(wat), { grants: [] });
    expect(() => pool.check()).toThrow(expect.objectContaining({ code: 'config.compile_failed', message: expect.stringMatching(detail) }));
  });

  it('is not done by a check, which makes no instance', async () => {
    const { pool } = await load(compileWat('(module (func $s (loop $l (br $l))) (start $s) (func (export "run")))'));
    pool.check();
    expect(pool.stats).toMatchObject({ idle: 0, created: 0 });
  });

  it('tells a waiting call why no instance could be made', async () => {
    const { call } = await load(compileWat('(module (func $s (unreachable)) (start $s) (func (export "run")))'));
    expect(await codeOf(call())).toBe('config.compile_failed');
  });

  it('runs the start function before _initialize', async () => {
    const wat = `(module
      (global $g (mut i32) (i32.const 0))
      (func $s (global.set $g (i32.const 5))) (start $s)
      (func (export "_initialize") (if (i32.ne (global.get $g) (i32.const 5)) (then (unreachable))) (global.set $g (i32.const 0)))
      (func (export "run") (result i32) (global.get $g)))`;
    const { call } = await load(compileWat(wat));
    expect(await codeOf(call())).toBe('none');
  });

  it('serves a command by its _start, once per instance', async () => {
    const wat = `(module (import "wasi_snapshot_preview1" "proc_exit" (func $e (param i32))) (func (export "_start") (call $e (i32.const 0))))`;
    const { call, pool } = await load(compileWat(wat), { functionName: '_start' });
    expect(await codeOf(call())).toBe('none');
    expect(await codeOf(call())).toBe('none');
    expect(pool.stats).toMatchObject({ idle: 0, created: 2 });
  });
});
