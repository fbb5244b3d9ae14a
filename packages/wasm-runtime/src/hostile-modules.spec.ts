import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GiantName, giantModules, type HostileName, hostileGuest, lyingModules } from '@torii/test-kit';
import { codeOf, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { guestBytes } from '../test/wat.js';
import { InstanceBudget, prepareModule, RewriteThread } from './index.js';

/** What a busy machine may take to answer, beyond a deadline. */
const answeredWithinMs = 30_000;
const limits = { memoryMaxBytes: 64 * 1024 * 1024 };
let healthy: LoadedFunction;

beforeAll(async () => {
  healthy = await loadGuest(guestBytes('echo'));
});
afterAll(() => healthy.close());

async function expectHealthyNeighbour(): Promise<void> {
  expect(await healthy.text('who is next')).toBe('who is next');
}

describe.each(lyingModules)('a module of which it is not true that $lie', ({ bytes }) => {
  it('is refused, and told where and what is wrong', async () => {
    const error = await prepareModule(bytes, limits).catch((failure) => failure);
    expect(error).toMatchObject({ code: 'config.compile_failed', detail: expect.stringMatching(/at byte \d+|@\+\d+/) });
    expect(error.detail).not.toMatch(/^not a valid WebAssembly module \(/);
    await expectHealthyNeighbour();
  });
});

describe('a module of which there is too much', () => {
  it.each<[GiantName, RegExp]>([
    ['tenThousandImports', /10000 imports/],
    ['fiftyMegabytesOfCode', /bytes of code; at most 33554432/],
    ['fiftyThousandLocals', /50000 locals/],
    ['millionBranches', /1000000 branch targets/],
    ['nestedBlocks', /nested deeper/],
    ['hugeTable', /table/],
    ['hugeMemory', /memory of 65536 pages/],
  ])('is refused, and told of what (%s)', async (name, says) => {
    await expect(prepareModule(giantModules[name](), limits)).rejects.toMatchObject({
      code: 'config.compile_failed',
      detail: expect.stringMatching(says),
    });
    await expectHealthyNeighbour();
  });

  it.each<[GiantName]>([['fiftyMegabytesOfData'], ['hundredThousandFunctions'], ['compileBomb']])(
    'but no more than there may be is prepared and answers (%s)',
    async (name) => {
      const budget = new InstanceBudget();
      const loaded = await loadGuest(giantModules[name](), { budget, limits });
      expect(await codeOf(loaded.call())).toBe('none');
      await loaded.close();
      expect(budget).toMatchObject({ liveBytes: 0, liveInstances: 0 });
      await expectHealthyNeighbour();
    },
    240_000,
  );

  it('costs the thread that prepares modules its deadline at most, and the module after it nothing', async () => {
    const timeoutMs = 10_000;
    const thread = new RewriteThread({ timeoutMs });
    const startedAtMs = performance.now();
    const giant = codeOf(thread.rewrite(giantModules.fiftyMegabytesOfCode(), limits));
    const next = thread.rewrite(guestBytes('echo'), limits);
    expect(['none', 'config.compile_failed']).toContain(await giant);
    expect(performance.now() - startedAtMs).toBeLessThan(timeoutMs + answeredWithinMs);
    expect((await next).length).toBeGreaterThan(0);
    await thread.close();
  });
});

describe('a module that is up to no good as soon as it is instantiated', () => {
  it.each<[HostileName, number, RegExp]>([
    ['start-loop', 100, /computed for more than|took longer than/],
    ['start-trap', 30_000, /unreachable/],
    ['initialize-loop', 100, /computed for more than|took longer than/],
    ['initialize-sleep', 100, /took longer than/],
  ])('is not made ready, and told why (%s within %d ms)', async (name, timeoutMs, says) => {
    const budget = new InstanceBudget();
    const { pool, close } = await loadGuest(await hostileGuest(name), { budget });
    await expect(pool.warmUp(timeoutMs)).rejects.toMatchObject({ code: 'config.compile_failed', detail: expect.stringMatching(says) });
    expect(pool.stats).toMatchObject({ idle: 0, leased: 0, created: 0 });
    expect(budget).toMatchObject({ liveBytes: 0, liveInstances: 0 });
    await expectHealthyNeighbour();
    await close();
  });

  it.each([
    [100, 30_000, 'more than 100 host calls'],
    [10_000_000, 100, 'initialising the plugin failed'],
  ])('is cut when it calls the host for ever, whatever it catches (%d calls within %d ms)', async (hostCallsMax, withinMs, says) => {
    const { pool, close } = await loadGuest(await hostileGuest('initialize-storm'), { limits: { hostCallsMax } });
    await expect(pool.warmUp(withinMs)).rejects.toMatchObject({ code: 'config.compile_failed', detail: expect.stringContaining(says) });
    await expectHealthyNeighbour();
    await close();
  });

  it('has what it took counted, and given back', async () => {
    const budget = new InstanceBudget();
    const { pool, call, close } = await loadGuest(await hostileGuest('initialize-grow'), { budget, limits: { memoryMaxBytes: 16 * 1024 * 1024 } });
    await pool.warmUp(30_000);
    expect(budget.liveBytes).toBeGreaterThanOrEqual(16 * 1024 * 1024);
    expect(await codeOf(call())).toBe('none');
    await close();
    expect(budget).toMatchObject({ liveBytes: 0, liveInstances: 0 });
  });
});
