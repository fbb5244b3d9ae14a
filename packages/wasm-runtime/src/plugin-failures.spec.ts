import { afterEach, describe, expect, it } from '@jest/globals';
import { Deadline, systemClock } from '@torii/service-kit';
import { codeOf, type FunctionOptions, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { compileWat, guestBytes } from '../test/wat.js';

const failures = guestBytes('failures');
const opened: LoadedFunction[] = [];

async function load(functionName: string, limits: FunctionOptions['limits'] = {}): Promise<LoadedFunction> {
  const loaded = await loadGuest(failures, { functionName, limits });
  opened.push(loaded);
  return loaded;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

describe('a guest that computes for ever', () => {
  it('is stopped at its CPU budget, every time', async () => {
    const loaded = await load('loop', { cpuMs: 30, maxInstancesPerNode: 1 });
    for (let round = 0; round < 5; round += 1) expect(await codeOf(loaded.call())).toBe('plugin.deadline_exceeded');
    expect(loaded.pool.stats).toMatchObject({ idle: 0, leased: 0, created: 5, evicted: 5 });
  });

  it('is stopped at its wall deadline when that comes first', async () => {
    const loaded = await load('loop', { cpuMs: 60_000, wallMs: 50 });
    await expect(loaded.call()).rejects.toMatchObject({ code: 'plugin.deadline_exceeded', detail: expect.stringContaining('50 ms') });
  });

  it("is stopped at the request's own deadline", async () => {
    const loaded = await load('loop', { cpuMs: 60_000, wallMs: 60_000 });
    expect(await codeOf(loaded.call('', { deadline: Deadline.after(40, systemClock) }))).toBe('plugin.deadline_exceeded');
  });

  it('is stopped when its client has gone, and not even begun when it had gone before', async () => {
    const loaded = await load('loop', { cpuMs: 60_000, wallMs: 60_000 });
    const client = new AbortController();
    const outcome = codeOf(loaded.call('', { signal: client.signal }));
    setTimeout(() => client.abort(), 20);
    expect(await outcome).toBe('client.gone');
    expect(await codeOf(loaded.call('', { signal: AbortSignal.abort() }))).toBe('client.gone');
  });

  it('lets twenty other calls on the same thread finish meanwhile', async () => {
    const looping = await load('loop', { cpuMs: 60_000, wallMs: 60_000 });
    const healthy = await load('fine');
    const client = new AbortController();
    let isLooping = true;
    const loop = codeOf(looping.call('', { signal: client.signal })).finally(() => {
      isLooping = false;
    });
    for (let done = 0; done < 20; done += 1) await healthy.call();
    expect(isLooping).toBe(true);
    client.abort();
    expect(await loop).toBe('client.gone');
  });

  it('lets timers and sockets have their turn even when many do it at once', async () => {
    const looping = await load('loop', { cpuMs: 60_000, wallMs: 60_000 });
    const client = new AbortController();
    let ended = 0;
    const loops = Array.from({ length: 10 }, () =>
      codeOf(looping.call('', { signal: client.signal })).finally(() => {
        ended += 1;
      }),
    );
    for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(ended).toBe(0);
    client.abort();
    expect(new Set(await Promise.all(loops))).toEqual(new Set(['client.gone']));
  });

  it.each(['catchAll', 'hostLoop', 'exitAndGoOn'])('cannot go on by catching what stops it (%s)', async (functionName) => {
    const loaded = await load(functionName, { cpuMs: 30, hostCallsMax: 10_000_000 });
    expect(['plugin.deadline_exceeded', 'plugin.failed']).toContain(await codeOf(loaded.call()));
    // Had the guest survived, it would still take turns: nothing is left running when a later one has finished.
    const next = await load('fine');
    await next.call();
    expect(loaded.pool.stats).toMatchObject({ idle: 0, leased: 0 });
  });

  it('pays for large single instructions', async () => {
    const loaded = await load('fill', { cpuMs: 100, wallMs: 10_000 });
    const result = loaded.call();
    await expect(result).rejects.toMatchObject({ code: 'plugin.deadline_exceeded' });
  });
});

describe('a guest that breaks', () => {
  it('is told in its own words where it had set an error before the trap', async () => {
    const said = compileWat(`(module
      (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
      (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
      (import "extism:host/env" "error_set" (func $error_set (param i64)))
      (func (export "run") (local $block i64)
        (local.set $block (call $alloc (i64.const 2)))
        (call $store_u8 (local.get $block) (i32.const 110))
        (call $store_u8 (i64.add (local.get $block) (i64.const 1)) (i32.const 111))
        (call $error_set (local.get $block))
        unreachable))`);
    const loaded = await loadGuest(said);
    opened.push(loaded);
    await expect(loaded.call()).rejects.toMatchObject({ code: 'plugin.trapped', detail: 'no' });
    expect(loaded.pool.stats).toMatchObject({ idle: 0, evicted: 1 });
  });

  it.each(['trap', 'outOfBounds', 'throw', 'wildLoad'])('is answered plugin.trapped and given up (%s)', async (functionName) => {
    const loaded = await load(functionName);
    expect(await codeOf(loaded.call())).toBe('plugin.trapped');
    expect(loaded.pool.stats).toMatchObject({ idle: 0, evicted: 1 });
  });

  it('that recurses without end is trapped, not a fault of ours', async () => {
    const loaded = await load('recurse');
    await expect(loaded.call()).rejects.toMatchObject({ code: 'plugin.trapped', detail: expect.stringContaining('stack') });
  });

  it('that runs out of memory is told so', async () => {
    const loaded = await load('grow', { memoryMaxBytes: 1_000_000 });
    expect(await codeOf(loaded.call())).toBe('plugin.memory_exceeded');
  });

  it('that fails on its own terms keeps its instance', async () => {
    const loaded = await load('fail');
    await expect(loaded.call('out of \u001b[31mcheese\u0007\n')).rejects.toMatchObject({ code: 'plugin.failed', detail: 'out of cheese' });
    expect(loaded.pool.stats).toMatchObject({ idle: 1, evicted: 0 });
  });

  it('has the message of its error cut', async () => {
    const loaded = await load('fail');
    const { detail } = await loaded.call('x'.repeat(100_000)).catch((error) => error);
    expect(detail).toHaveLength(1024);
  });

  it('fails when it returns a number other than 0', async () => {
    const loaded = await load('failQuietly');
    await expect(loaded.call()).rejects.toMatchObject({ code: 'plugin.failed', detail: expect.stringContaining('7') });
  });

  it('may exit with 0, but not with anything else', async () => {
    expect(await codeOf((await load('exitZero')).call())).toBe('none');
    expect(await codeOf((await load('exitThree')).call())).toBe('plugin.failed');
  });
});

describe('a guest that asks for too much', () => {
  it('cannot allocate blocks beyond what a call may hold', async () => {
    expect(await codeOf((await load('allocForEver')).call())).toBe('plugin.trapped');
  });

  it('may allocate and free for as long as it likes', async () => {
    expect(await codeOf((await load('allocAndFree')).call())).toBe('none');
  });

  it('is refused an absurd block', async () => {
    expect(await codeOf((await load('allocHuge')).call())).toBe('none');
  });

  it.each(['wildOutput', 'wildError'])('gets nothing for a pointer outside of the kernel (%s)', async (functionName) => {
    const loaded = await load(functionName);
    const outcome = await loaded.call().then(
      ({ output }) => output.length,
      (error) => error.code,
    );
    expect([0, 'plugin.failed']).toContain(outcome);
  });

  it('may not answer more than its output may have', async () => {
    expect(await codeOf((await load('hugeOutput')).call())).toBe('plugin.limit_exceeded');
  });

  it('may not call the host more often than it may', async () => {
    const loaded = await load('hostLoop', { hostCallsMax: 100 });
    expect(await codeOf(loaded.call())).toBe('plugin.limit_exceeded');
  });

  it('may not drain randomness', async () => {
    expect(await codeOf((await load('drainRandom')).call())).toBe('plugin.limit_exceeded');
  });

  it('is refused an input that does not fit', async () => {
    const loaded = await load('fine', { requestMaxBytes: 0, responseMaxBytes: 0 });
    expect(await codeOf(loaded.call(new Uint8Array(60 * 1024 * 1024)))).toBe('plugin.limit_exceeded');
  });
});

describe('the log of a guest', () => {
  it('is limited in lines per call', async () => {
    const loaded = await load('hostLoop', { hostCallsMax: 5_000 });
    await codeOf(loaded.call());
    expect(loaded.logLines.filter(({ source }) => source === 'plugin')).toHaveLength(101);
    expect(loaded.logLines.at(-1)).toMatchObject({ msg: 'plugin log cut', pluginId: 'pl_test' });
  });
});
