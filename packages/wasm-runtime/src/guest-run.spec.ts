import { describe, expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import { type Clock, createLogger } from '@torii/service-kit';
import { CpuClock } from './cpu-meter.js';
import { GuestRun } from './guest-run.js';
import { TurnQueue } from './turn-queue.js';

const limits = { cpuMs: 50, hostCallsMax: 100, httpCallsMax: 10 };
const log = createLogger({ level: 'silent', app: 'test' });

/** A run whose time passes when the test says so. */
function startRun(): { readonly run: GuestRun; readonly outcome: Promise<unknown>; pass(ms: number): void } {
  let nowMs = 1_000;
  const clock: Clock = { nowMs: () => nowMs, date: () => new Date(nowMs) };
  const run = new GuestRun({ limits, wallMs: 1_000, log, clock, cpuClock: new CpuClock(() => nowMs), turns: new TurnQueue(), signal: undefined });
  const outcome = run
    .execute(() => new Promise(() => undefined))
    .then(
      () => 'returned',
      (error) => error.code,
    );
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { run, outcome, pass };
}

/** The fuel of a guest of its own. */
function fuelGlobal(): WebAssembly.Global {
  return { value: 0 } as WebAssembly.Global;
}

describe('GuestRun', () => {
  it.each(['countHostCall', 'throwIfOver'] as const)('ends a guest that spends its CPU budget within calls of the host (%s)', async (begin) => {
    const { run, outcome, pass } = startRun();
    run[begin]();
    pass(51);
    expect(() => run[begin]()).toThrow(expect.objectContaining({ code: 'plugin.deadline_exceeded' }));
    expect(await outcome).toBe('plugin.deadline_exceeded');
  });

  it('does not take a wait that was over at once for a turn of the event loop', async () => {
    const { run, pass } = startRun();
    pass(2);
    await run.wait(Promise.resolve());
    const fuel = fuelGlobal();
    let hasTurned = false;
    setImmediate(() => {
      hasTurned = true;
    });
    expect(await run.check(fuel)).toBe(0);
    expect(hasTurned).toBe(true);
    run.end(new AppError('client.gone'));
  });
});
