import { afterEach, describe, expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import { systemClock } from '@torii/service-kit';
import { codeOf, type FunctionOptions, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { compileWat, guestBytes } from '../test/wat.js';
import { InstanceBudget } from './index.js';

const state = guestBytes('state');
const failures = guestBytes('failures');
const MiB = 1024 * 1024;
const opened: LoadedFunction[] = [];

async function load(bytes: Uint8Array, options: FunctionOptions): Promise<LoadedFunction> {
  const loaded = await loadGuest(bytes, options);
  opened.push(loaded);
  return loaded;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
});

describe('recycling', () => {
  it('replaces an instance after as many calls as it may serve', async () => {
    const { call, pool } = await load(state, { functionName: 'count', limits: { instanceMaxCalls: 3 } });
    const answers: (number | undefined)[] = [];
    for (let left = 7; left > 0; left -= 1) answers.push((await call()).output[0]);
    expect(answers).toEqual([1, 2, 3, 1, 2, 3, 1]);
    expect(pool.stats).toMatchObject({ recycled: 2, evicted: 2 });
  });

  it('replaces an instance that has reached its age', async () => {
    const { call, pool } = await load(state, { functionName: 'count', limits: { instanceMaxAgeMs: 1 } });
    await call();
    while (pool.stats.recycled === 0) await call();
    expect((await call()).output[0]).toBeLessThanOrEqual(2);
  });

  it('gives up an instance whose memory has grown past what may be kept', async () => {
    const limits = { memoryMaxBytes: 64 * MiB, instanceKeptMaxBytes: 3 * 65_536 };
    const { call, pool } = await load(state, { functionName: 'grow', limits });
    await call();
    expect(pool.stats).toMatchObject({ idle: 1, evicted: 0 });
    await call();
    expect(pool.stats).toMatchObject({ idle: 0, evicted: 1 });
  });

  it('gives up an instance that wrote an output nobody can read', async () => {
    const { call, pool } = await load(state, { functionName: 'nonsense' });
    const read = (): never => {
      throw new AppError('plugin.bad_output');
    };
    expect(await codeOf(call('', { read }))).toBe('plugin.bad_output');
    expect(pool.stats).toMatchObject({ idle: 0, evicted: 1 });
  });
});

describe('the way without suspending', () => {
  it('is taken once a plugin has proved quick, with the same answers and errors', async () => {
    const { text, pool } = await load(state, { functionName: 'sometimes', limits: { cpuMs: 50 } });
    for (let round = 0; round < 40; round += 1) {
      expect(await text(`round ${round}`)).toBe(`round ${round}`);
      if (round % 10 === 0) expect(await codeOf(text('t'))).toBe('plugin.trapped');
    }
    expect(pool.stats).toMatchObject({ traps: 4, kills: 0 });
  });

  it('still cuts a guest that turns out to loop for ever', async () => {
    const { text, pool } = await load(state, { functionName: 'sometimesLong', limits: { cpuMs: 5 } });
    for (let round = 0; round < 40; round += 1) await text('short');
    expect(await codeOf(text('long'))).toBe('plugin.deadline_exceeded');
    expect(await text('short')).toBe('short');
    expect(pool.stats).toMatchObject({ kills: 1 });
  });

  it('is left for good by a plugin that once ran long: others then go on while it computes', async () => {
    const { text } = await load(state, { functionName: 'sometimesLong', limits: { cpuMs: 100 } });
    for (let round = 0; round < 40; round += 1) await text('short');
    await text('long').catch(() => undefined);
    let turns = 0;
    const count = (): void => {
      turns += 1;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await text('long').catch(() => undefined);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(3);
  });
});

describe('more calls than the thread can compute', () => {
  it('are made to wait and then refused, rather than all be late', async () => {
    const limits = { cpuMs: 60_000, wallMs: 60_000, queueWaitMs: 1, maxInstancesPerNode: 64 };
    const { text, pool } = await load(state, { functionName: 'sometimesLong', limits });
    await text('warm');
    const calls: Promise<string>[] = [];
    for (let left = 40; left > 0; left -= 1) {
      calls.push(codeOf(text('long')));
      // They come one after the other, as requests do.
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    const codes = await Promise.all(calls);
    expect(new Set(codes)).toEqual(new Set(['none', 'capacity.pool_exhausted']));
    expect(pool.stats.created).toBeLessThan(20);
    expect(await text('short')).toBe('short');
  });
});

describe('a call that ended while it waited for its turn to compute', () => {
  it('gives way to those behind it at once', async () => {
    const limits = { cpuMs: 60_000, wallMs: 60_000, queueWaitMs: 30_000, maxInstancesPerNode: 64 };
    const { call, pool } = await load(failures, { functionName: 'loop', limits });
    const clients = Array.from({ length: 6 }, () => new AbortController());
    const calls = [];
    for (const { signal } of clients) {
      calls.push(codeOf(call('', { signal })));
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    const last = new AbortController();
    const next = codeOf(call('', { signal: last.signal }));
    expect(pool.stats.waiting).toBeGreaterThan(0);
    for (const client of clients) client.abort();
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['client.gone']));
    while (pool.stats.leased === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(pool.stats.waiting).toBe(0);
    last.abort();
    expect(await next).toBe('client.gone');
  });
});

describe('quarantine', () => {
  const quarantine = { offencesMin: 5, windowMs: 60_000, backOffMs: 60_000, backOffMaxMs: 60_000 };

  it('refuses a plugin that does nothing but trap, without making instances for it', async () => {
    const { call, pool } = await load(failures, { functionName: 'trap', quarantine });
    for (let left = 5; left > 0; left -= 1) expect(await codeOf(call())).toBe('plugin.trapped');
    const { created } = pool.stats;
    for (let left = 50; left > 0; left -= 1) expect(await codeOf(call())).toBe('plugin.quarantined');
    expect(pool.stats).toMatchObject({ created, quarantines: 1, leased: 0 });
  });

  it('is not lifted by a client that leaves', async () => {
    let nowMs = 0;
    const clock = { ...systemClock, nowMs: () => nowMs };
    const { call, pool } = await load(failures, { functionName: 'trap', quarantine, clock });
    for (let left = 5; left > 0; left -= 1) expect(await codeOf(call())).toBe('plugin.trapped');
    expect(await codeOf(call())).toBe('plugin.quarantined');
    nowMs += quarantine.backOffMs;
    const gone = AbortSignal.abort();
    while (pool.stats.idle === 0) await codeOf(call('', { signal: gone }));
    expect(await codeOf(call('', { signal: gone }))).toBe('client.gone');
    expect(await codeOf(call())).toBe('plugin.trapped');
    expect(await codeOf(call())).toBe('plugin.quarantined');
  });

  it('does not blame a plugin for errors it reports itself', async () => {
    const { call } = await load(failures, { functionName: 'fail', quarantine });
    for (let left = 20; left > 0; left -= 1) expect(await codeOf(call())).toBe('plugin.failed');
  });

  it('lets a plugin back in that has stopped trapping', async () => {
    const { text } = await load(state, { functionName: 'sometimes', quarantine: { ...quarantine, backOffMs: 1, backOffMaxMs: 1 } });
    for (let left = 5; left > 0; left -= 1) expect(await codeOf(text('t'))).toBe('plugin.trapped');
    while ((await codeOf(text('back'))) !== 'none');
    expect(await text('again')).toBe('again');
  });
});

describe('the memory of all guests', () => {
  it('is counted while an instance lives and given back with it', async () => {
    const budget = new InstanceBudget();
    const loaded = await load(state, { functionName: 'count', budget });
    expect(budget.liveBytes).toBe(0);
    await loaded.call();
    expect(budget.liveBytes).toBeGreaterThanOrEqual(3 * 65_536);
    await loaded.pool.close();
    expect(budget).toMatchObject({ liveBytes: 0, liveInstances: 0 });
  });

  it('ends a guest that grows beyond what the node has left, and leaves nothing counted', async () => {
    const budget = new InstanceBudget({ maxBytes: 20 * MiB });
    const loaded = await load(failures, { functionName: 'grow', budget, limits: { memoryMaxBytes: 1024 * MiB } });
    expect(await codeOf(loaded.call())).toBe('capacity.overloaded');
    await loaded.pool.close();
    expect(budget).toMatchObject({ liveBytes: 0, liveInstances: 0 });
  });

  it('counts tables too, and what guests grow them by', async () => {
    const budget = new InstanceBudget();
    const grows = `(module (table $t 1000 externref)
      (func (export "run") (drop (table.grow $t (ref.null extern) (i32.const 50000)))))`;
    const { call, pool } = await load(compileWat(grows), { budget });
    await call();
    expect(budget.liveBytes).toBeGreaterThan(51_000 * 40);
    const fixed = await load(compileWat('(module (table 80000 funcref) (func (export "run")))'), { budget });
    const before = budget.liveBytes;
    await fixed.call();
    expect(budget.liveBytes - before).toBeGreaterThan(80_000 * 40);
    await Promise.all([pool.close(), fixed.pool.close()]);
    expect(budget).toMatchObject({ liveBytes: 0, liveInstances: 0 });
  });

  it('makes room by giving up idle instances of others', async () => {
    const budget = new InstanceBudget({ maxBytes: 12 * 65_536 });
    const loaded = await Promise.all([0, 1, 2, 3, 4, 5].map(() => load(state, { functionName: 'count', budget })));
    for (const { call } of loaded) expect(await codeOf(call())).toBe('none');
    expect(budget.liveBytes).toBeLessThanOrEqual(12 * 65_536);
    expect(loaded.map(({ pool }) => pool.stats.idle)).toEqual([0, 0, 1, 1, 1, 1]);
  });

  it('is the same after 20,000 instances were asked for', async () => {
    const budget = new InstanceBudget({ maxInstances: 200 });
    const limits = { maxInstancesPerNode: 10_000, maxQueuedPerNode: 100_000, queueWaitMs: 60_000 };
    const { call, pool } = await load(guestBytes('wasi'), { functionName: 'sleepShort', budget, limits });
    const wanted = Array.from({ length: 2_000 }, () => codeOf(call()));
    expect(new Set(await Promise.all(wanted))).toEqual(new Set(['none']));
    expect(budget.liveInstances).toBeLessThanOrEqual(200);
    expect(pool.stats.waiting).toBe(0);
  });
});
