import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codeOf, type FunctionOptions, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { compileWat, guestBytes, readWat } from '../test/wat.js';

const state = guestBytes('state');
const opened: LoadedFunction[] = [];

async function load(functionName: string, options: FunctionOptions = {}, bytes = state): Promise<LoadedFunction> {
  const loaded = await loadGuest(bytes, { functionName, ...options });
  opened.push(loaded);
  return loaded;
}

async function bytesOf({ call }: LoadedFunction, times: number, input = ''): Promise<number[]> {
  const answers: number[] = [];
  for (let left = times; left > 0; left -= 1) answers.push((await call(input)).output[0] ?? -1);
  return answers;
}

/** The same guests in a module whose code changes a table, so that none can be put back in place. */
const stateWithTable = compileWat(
  readWat('state').replace(
    /\)\s*$/,
    '(table 2 funcref) (elem declare func $answer) (func (export "t") (table.set (i32.const 0) (ref.func $answer))))',
  ),
);
/** A guest that is seeded while it is initialised. */
const seeded = compileWat(`(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "_initialize") (drop (call $random (i32.const 0) (i32.const 8))))
  (func (export "run") (result i32)
    (local $block i64)
    (local.set $block (call $alloc (i64.const 8)))
    (call $store (local.get $block) (i64.load (i32.const 0)))
    (call $output_set (local.get $block) (i64.const 8))
    (i32.const 0)))`);

/** The same, of the time. */
const timed = compileWat(`(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "_initialize") (drop (call $time (i32.const 1) (i64.const 0) (i32.const 0))))
  (func (export "run") (result i32)
    (local $block i64)
    (local.set $block (call $alloc (i64.const 8)))
    (call $store (local.get $block) (i64.load (i32.const 0)))
    (call $output_set (local.get $block) (i64.const 8))
    (i32.const 0)))`);
/** A seeded guest that looks at its input and its error when it is initialised; it answers what it saw. */
const nosy = compileWat(`(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (import "extism:host/env" "error_get" (func $error_get (result i64)))
  (import "extism:host/env" "error_set" (func $error_set (param i64)))
  (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
  (memory (export "memory") 1)
  (func (export "_initialize")
    (drop (call $random (i32.const 8) (i32.const 8)))
    (i64.store (i32.const 0) (i64.or (call $input_length) (call $error_get))))
  (func (export "run") (result i32)
    (local $block i64)
    (local.set $block (call $alloc (i64.const 8)))
    (call $store (local.get $block) (i64.load (i32.const 0)))
    (call $output_set (local.get $block) (i64.const 8))
    (if (i64.eq (call $input_length) (i64.const 4)) (then (call $error_set (local.get $block)) (return (i32.const 1))))
    (i32.const 0)))`);

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

describe('isolation reuse', () => {
  it('goes on counting from call to call', async () => {
    expect(await bytesOf(await load('count'), 40)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });

  it('fails exactly the calls that trap among 1,000 at once, and answers the others', async () => {
    const { text, pool } = await load('sometimes', { limits: { maxInstancesPerNode: 20, maxQueuedPerNode: 1_000 } });
    const inputs = Array.from({ length: 1_000 }, (_, index) => (index % 100 === 37 ? 't' : `answer ${index}`));
    const outcomes = await Promise.all(inputs.map((input) => text(input).catch((error: { code: string }) => error.code)));
    expect(outcomes).toEqual(inputs.map((input) => (input === 't' ? 'plugin.trapped' : input)));
    expect(pool.stats).toMatchObject({ traps: 10, leased: 0, waiting: 0 });
  });
});

describe('isolation fresh', () => {
  it('lets no call find what the one before has left, without making new instances', async () => {
    const loaded = await load('count', { isolation: 'fresh' });
    expect(await bytesOf(loaded, 40)).toEqual(Array.from({ length: 40 }, () => 1));
    expect(loaded.pool.stats).toMatchObject({ created: 1, evicted: 0 });
  });

  it('shows no byte of any request to a later one', async () => {
    const loaded = await load('smear', { isolation: 'fresh' });
    const input = fc.uint8Array({ minLength: 1, maxLength: 500 }).filter((bytes) => bytes.some((byte) => byte !== 0));
    await fc.assert(
      fc.asyncProperty(input, async (bytes) => {
        expect((await loaded.call(bytes)).output[0]).toBe(0);
      }),
      { numRuns: 100 },
    );
    expect(loaded.pool.stats.created).toBe(1);
  });

  it('keeps what the module began with', async () => {
    const wat = readWat('state').replace(
      '(i32.const 100) (i32.add (i32.load (i32.const 100))',
      '(i32.const 100) (i32.add (i32.sub (i32.load8_u (i32.const 70000)) (i32.const 102))',
    );
    expect(await bytesOf(await load('count', { isolation: 'fresh' }, compileWat(wat)), 3)).toEqual([1, 1, 1]);
  });

  it('serves concurrent calls each from the beginning', async () => {
    const { call } = await load('count', { isolation: 'fresh', limits: { maxInstancesPerNode: 4, maxQueuedPerNode: 1_000 } });
    const results = await Promise.all(Array.from({ length: 200 }, () => call()));
    expect(new Set(results.map(({ output }) => output[0]))).toEqual(new Set([1]));
  });

  it('replaces instances of a module that changes its tables', async () => {
    const loaded = await load('count', { isolation: 'fresh' }, stateWithTable);
    expect(await bytesOf(loaded, 10)).toEqual(Array.from({ length: 10 }, () => 1));
    expect(loaded.pool.stats.created).toBeGreaterThanOrEqual(10);
  });

  it('never gives two calls the seed that one instance drew when it was initialised', async () => {
    const { call, pool } = await load('run', { isolation: 'fresh' }, seeded);
    const seeds = new Set<string>();
    for (let left = 20; left > 0; left -= 1) seeds.add(Buffer.from((await call()).output).toString('hex'));
    expect(seeds.size).toBe(20);
    expect(pool.stats).toMatchObject({ created: 1, evicted: 0 });
  });

  it('never gives two calls the time at which one instance was initialised', async () => {
    const loaded = await load('run', { isolation: 'fresh' }, timed);
    const times = new Set<string>();
    for (let left = 5; left > 0; left -= 1) times.add(Buffer.from((await loaded.call()).output).toString('hex'));
    expect(times.size).toBe(5);
  });

  it('shows a guest that is initialised again neither input nor error of the call before', async () => {
    const loaded = await load('run', { isolation: 'fresh' }, nosy);
    expect(await codeOf(loaded.call('fail'))).toBe('plugin.failed');
    for (const input of ['secret', 'another']) expect([...(await loaded.call(input)).output]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    expect(loaded.pool.stats).toMatchObject({ created: 1, evicted: 0 });
  });

  it('shows nothing of memory that an earlier call has grown', async () => {
    const loaded = await load('grow', { isolation: 'fresh', limits: { memoryMaxBytes: 3 * 65_536 } });
    expect(await bytesOf(loaded, 10)).toEqual(Array.from({ length: 10 }, () => 0));
    expect(loaded.pool.stats).toMatchObject({ created: 1, evicted: 0 });
  });

  it('has the next instance ready before it is asked for', async () => {
    const { pool, call } = await load('count', { isolation: 'fresh' }, stateWithTable);
    await call();
    while (pool.stats.created < 2) await new Promise((resolve) => setImmediate(resolve));
    expect(pool.stats).toMatchObject({ idle: 1, leased: 0, recycled: 1 });
  });

  it('drops an instance that trapped and begins another from the beginning', async () => {
    const { text, pool } = await load('sometimes', { isolation: 'fresh' });
    expect([await codeOf(text('t')), await text('a'), await text('b')]).toEqual(['plugin.trapped', 'a', 'b']);
    expect(pool.stats).toMatchObject({ traps: 1, created: 2 });
  });
});
