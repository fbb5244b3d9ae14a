import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PluginLimits } from '@torii/contracts';
import { type HostileName, hostileGuest, hostileNames } from '@torii/test-kit';
import { codeOf, type LoadedFunction, loadGuest } from '../test/a-function.js';
import { callHostile, callHostilePlainly, type HostileOutcome } from '../test/a-hostile-call.js';
import { guestBytes } from '../test/wat.js';

/** Guests have 50 ms to compute and 500 ms in all; a machine that is busy, or stands still for a while, has this much. */
const answeredWithinMs = 30_000;

const MiB = 1024 * 1024;
const manyHostCalls = { hostCallsMax: 10_000_000 };
/** For what is to end by itself. */
const enoughTime = { cpuMs: 30_000, wallMs: 60_000 };

interface HostileCase {
  readonly guest: HostileName;
  readonly functionName: string;
  /** The code it must end with, or `none`. */
  readonly ends: string;
  readonly limits?: Partial<PluginLimits>;
  readonly detail?: string;
}

const endless = [
  'loop',
  'nestedLoops',
  'branchTable',
  'callTree',
  'calls',
  'indirectCalls',
  'tailCalls',
  'tailCallsInTurn',
  'tailCallsByTable',
  'exceptions',
  'exceptionsOfCallees',
  'catchesItsEnd',
  'fill',
  'copy',
  'init',
  'tableFill',
  'tableCopy',
  'tableInit',
  'growByNothing',
];
const storms = ['kernel', 'allocAndFree', 'log', 'logCatching', 'kernelLogCatching', 'mapCatching', 'configCatching'];
const countedStorms = ['log', 'logCatching', 'kernelLogCatching', 'mapCatching', 'configCatching'];
const recursions = ['direct', 'byTable', 'wide', 'callingLog', 'callingConfig', 'callingMap', 'callingKernel', 'callingWasi'];
const wasiForEver = [
  'sleep',
  'sleepManyTimes',
  'napForEver',
  'pollForEver',
  'randomForEver',
  'clocksForEver',
  'writeByTheGigabyte',
  'writeLinesForEver',
  'writeManyPiecesForEver',
];
const wasiInVain = ['pollTenThousand', 'pollOverItself', 'pollOutside', 'writeManyPieces', 'writeOverlapping', 'writeOutside', 'everythingOutside'];

const cases: readonly HostileCase[] = [
  ...endless.map((functionName) => ({ guest: 'endless' as const, functionName, ends: 'plugin.deadline_exceeded' })),

  ...storms.map((functionName) => ({ guest: 'host-storm' as const, functionName, ends: 'plugin.deadline_exceeded', limits: manyHostCalls })),
  ...countedStorms.map((functionName) => ({
    guest: 'host-storm' as const,
    functionName,
    ends: 'plugin.limit_exceeded',
    limits: { ...enoughTime, hostCallsMax: 100 },
    detail: 'more than 100 host calls',
  })),
  { guest: 'host-storm', functionName: 'vars', ends: 'plugin.limit_exceeded', limits: { ...enoughTime, ...manyHostCalls }, detail: 'vars' },

  { guest: 'memory-bombs', functionName: 'growAndAbort', ends: 'plugin.memory_exceeded', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'growFastAndAbort', ends: 'plugin.memory_exceeded', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'growAndAnswer', ends: 'none', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'growAbsurdly', ends: 'none', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'growAbsurdlyForEver', ends: 'plugin.deadline_exceeded' },
  { guest: 'memory-bombs', functionName: 'growTable', ends: 'none', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'growTableAbsurdly', ends: 'none', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'tinyBlocks', ends: 'none', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'blocksUntilRefused', ends: 'none', limits: enoughTime },
  { guest: 'memory-bombs', functionName: 'growBetween', ends: 'none', limits: enoughTime },

  ...recursions.map((functionName) => ({
    guest: 'recursion' as const,
    functionName,
    ends: 'plugin.trapped',
    limits: { ...enoughTime, ...manyHostCalls },
    detail: 'stack',
  })),
  { guest: 'recursion', functionName: 'again', ends: 'plugin.trapped', limits: enoughTime, detail: 'stack' },
  { guest: 'recursion', functionName: 'againCallingLog', ends: 'plugin.trapped', limits: { ...enoughTime, ...manyHostCalls }, detail: 'stack' },

  { guest: 'outputs', functionName: 'outputThenTrap', ends: 'plugin.trapped', limits: enoughTime },
  { guest: 'outputs', functionName: 'outputThenLoop', ends: 'plugin.deadline_exceeded' },
  { guest: 'outputs', functionName: 'outputThenExit', ends: 'plugin.failed', limits: enoughTime },
  { guest: 'outputs', functionName: 'outputThenFail', ends: 'plugin.failed', limits: enoughTime },
  { guest: 'outputs', functionName: 'outputThenError', ends: 'plugin.failed', limits: enoughTime, detail: 'the input' },
  { guest: 'outputs', functionName: 'errorThenOutput', ends: 'plugin.failed', limits: enoughTime, detail: 'the input' },
  { guest: 'outputs', functionName: 'overlapping', ends: 'none', limits: enoughTime },
  { guest: 'outputs', functionName: 'huge', ends: 'plugin.limit_exceeded', limits: { ...enoughTime, responseMaxBytes: 10 * MiB } },

  ...wasiForEver.map((functionName) => ({ guest: 'wasi-abuse' as const, functionName, ends: 'plugin.deadline_exceeded' })),
  ...wasiInVain.map((functionName) => ({ guest: 'wasi-abuse' as const, functionName, ends: 'none', limits: enoughTime })),
  { guest: 'wasi-abuse', functionName: 'randomByTheGigabyte', ends: 'plugin.limit_exceeded', limits: enoughTime },
  { guest: 'wasi-abuse', functionName: 'randomEverything', ends: 'plugin.limit_exceeded', limits: enoughTime },
  { guest: 'wasi-abuse', functionName: 'exitForEver', ends: 'none', limits: enoughTime },
  { guest: 'wasi-abuse', functionName: 'exitAndAnswer', ends: 'plugin.failed', limits: enoughTime, detail: 'code 3' },
];

const kernelFunctions = [
  ...['alloc', 'free', 'length', 'length_unsafe', 'load_u8', 'load_u64', 'store_u8', 'store_u64', 'input_load_u8', 'input_load_u64'],
  ...['output_set', 'error_set', 'config_get', 'var_get', 'var_set', 'http_request', 'forgedLength'],
  ...['log_trace', 'log_debug', 'log_info', 'log_warn', 'log_error'],
];

/** Before, at, within and behind the blocks; at the ends of memories and of numbers; and what wraps around when added to. */
const wildNumbers = [
  ...[0n, 1n, 8n, 63n, 64n, 71n, 72n, 73n, 80n, 96n, 65_528n, 65_535n, 65_536n],
  ...[2n ** 31n, 2n ** 32n - 8n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 72n, 2n ** 63n, 2n ** 63n - 1n, 2n ** 64n - 8n, 2n ** 64n - 1n],
];

describe('a hostile guest', () => {
  const bytesOf = new Map<string, Uint8Array>();
  let healthy: LoadedFunction;

  beforeAll(async () => {
    for (const name of hostileNames) bytesOf.set(name, await hostileGuest(name));
    healthy = await loadGuest(guestBytes('echo'));
  });
  afterAll(() => healthy.close());

  function bytes(name: HostileName): Uint8Array {
    return bytesOf.get(name) ?? new Uint8Array();
  }

  async function expectHarmless(outcome: HostileOutcome, { ends, detail = '', limits }: HostileCase): Promise<void> {
    expect(outcome).toMatchObject({ code: ends, detail: expect.stringContaining(detail), leased: 0, leakedBytes: 0, leakedInstances: 0 });
    if (limits?.cpuMs === undefined) expect(outcome.tookMs).toBeLessThan(answeredWithinMs);
    expect(await healthy.text('who is next')).toBe('who is next');
  }

  describe.each(cases)('that runs $guest.$functionName', (hostile) => {
    const { guest, functionName, limits = {} } = hostile;

    it(`ends with ${hostile.ends} in time and harms nobody else`, async () => {
      await expectHarmless(await callHostile({ bytes: bytes(guest), functionName, limits, input: '{"key":"the input","value":""}' }), hostile);
    });

    it('does so too when it cannot be suspended', async () => {
      const outcome = await callHostilePlainly({ bytes: bytes(guest), functionName, limits, input: '{"key":"the input","value":""}' });
      if (outcome !== undefined) await expectHarmless(outcome, hostile);
    });
  });

  it.each<[HostileName, string]>([
    ['endless', 'loop'],
    ['endless', 'fill'],
    ['host-storm', 'log'],
    ['host-storm', 'logCatching'],
    ['host-storm', 'mapCatching'],
    ['wasi-abuse', 'pollForEver'],
    ['wasi-abuse', 'writeByTheGigabyte'],
    ['wasi-abuse', 'writeLinesForEver'],
    ['wasi-abuse', 'writeManyPiecesForEver'],
  ])('lets the event loop turn many times while it computes (%s.%s)', async (guest, functionName) => {
    let turns = 0;
    const count = (): void => {
      turns += 1;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    await callHostile({ bytes: bytes(guest), functionName, limits: { ...manyHostCalls, cpuMs: 300, wallMs: 60_000 }, input: 'the input' });
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(5);
  });

  describe.each(kernelFunctions)('that calls %s with numbers that make no sense', (functionName) => {
    it('gets an answer, a trap or an error of its own, and changes nothing for others', async () => {
      const loaded = await loadGuest(bytes('numbers'), { functionName });
      for (const first of wildNumbers) {
        for (const second of [0n, 8n, 2n ** 32n, 2n ** 64n - 1n]) {
          expect(await codeOf(loaded.call(twoNumbers(first, second)))).toMatch(/^(none|plugin\.(trapped|failed|limit_exceeded))$/);
        }
      }
      expect(loaded.pool.stats).toMatchObject({ leased: 0, waiting: 0 });
      await loaded.close();
      expect(await healthy.text('who is next')).toBe('who is next');
    });
  });

  it('finds nothing of what it has stored outside of its blocks, neither in the next call nor in another plugin', async () => {
    const storing = await loadGuest(bytes('numbers'), { functionName: 'store_u64' });
    const at = 60_000n;
    await storing.call(twoNumbers(at, 0x7365637265747365n));
    await storing.close();
    const loading = await loadGuest(bytes('numbers'), { functionName: 'load_u64' });
    for (let call = 0; call < 3; call += 1) {
      const { output } = await loading.call(twoNumbers(at, 0n));
      expect(Buffer.from(output).readBigUInt64LE()).toBe(0n);
    }
    await loading.close();
  });
});

function twoNumbers(first: bigint, second: bigint): Uint8Array {
  const input = Buffer.alloc(16);
  input.writeBigUInt64LE(first, 0);
  input.writeBigUInt64LE(second, 8);
  return input;
}
