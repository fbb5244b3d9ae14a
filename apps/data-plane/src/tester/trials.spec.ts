import { describe, expect, it } from '@jest/globals';
import { type TesterAnswer, type Trial, testerLimits } from '@torii/contracts';
import { Trials, type TrialsDeps } from './trials.js';

const answer: TesterAnswer = { response: null, error: null, report: null };
const trial: Trial = { method: 'GET', target: '/', rawHeaders: [], bodyBase64: '', timeoutMs: 1_000 };
const draft = { routes: [], without: [], plugins: [] };

/** Trials that go on until the test lets them end. */
function held(): { trials: Trials; end: () => void; started: () => number; draftsAtOnceMax: () => number } {
  let [started, drafts, draftsAtOnceMax] = [0, 0, 0];
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const deps: TrialsDeps = {
    tryOut: async (_trial, compiled) => {
      started += 1;
      if (compiled !== undefined) drafts += 1;
      draftsAtOnceMax = Math.max(draftsAtOnceMax, drafts);
      await ended;
      if (compiled !== undefined) drafts -= 1;
      return answer;
    },
    compile: () => Promise.resolve([]),
    rowsFor: () => ({ pluginRows: [], routeRow: 0 }),
    holdMaps: () => () => undefined,
    openScratch: () => () => undefined,
    draftTimeoutMs: 1_000,
  };
  return { trials: new Trials(deps), end: () => end(), started: () => started, draftsAtOnceMax: () => draftsAtOnceMax };
}

describe('Trials', () => {
  it('runs so many at once, and sends one more away', async () => {
    const { trials, end, started } = held();
    const running = Array.from({ length: testerLimits.triedAtOnceMax }, () => trials.run(trial));
    await expect(trials.run(trial)).rejects.toMatchObject({ code: 'capacity.overloaded' });
    expect(started()).toBe(testerLimits.triedAtOnceMax);
    end();
    await Promise.all(running);
    await expect(trials.run(trial)).resolves.toBe(answer);
  });

  it('has one draft at a time, a few that wait, and sends more away', async () => {
    const { trials, end, draftsAtOnceMax } = held();
    const running = Array.from({ length: 5 }, () => trials.run({ ...trial, draft }));
    await expect(trials.run({ ...trial, draft })).rejects.toMatchObject({ code: 'capacity.overloaded' });
    end();
    await Promise.all(running);
    expect(draftsAtOnceMax()).toBe(1);
  });

  it('tries no draft whose turn comes when nobody waits for the answer any more', async () => {
    const { trials, end, started } = held();
    const first = trials.run({ ...trial, draft });
    let isWanted = true;
    const second = trials.run({ ...trial, draft }, () => isWanted);
    isWanted = false;
    end();
    await expect(second).rejects.toMatchObject({ code: 'client.gone' });
    await first;
    expect(started()).toBe(1);
  });

  it('holds the maps of a draft, and opens its stores, until it has been tried, or could not be', async () => {
    const held: string[] = [];
    const deps: TrialsDeps = {
      tryOut: () => {
        held.push('tried');
        return Promise.resolve(answer);
      },
      compile: () => Promise.resolve([]),
      rowsFor: () => ({ pluginRows: [], routeRow: 0 }),
      holdMaps: () => {
        held.push('held');
        return () => held.push('let go');
      },
      openScratch: () => {
        held.push('opened');
        return () => held.push('closed');
      },
      draftTimeoutMs: 1_000,
    };
    await new Trials(deps).run({ ...trial, draft });
    await expect(new Trials({ ...deps, tryOut: () => Promise.reject(new Error('no')) }).run({ ...trial, draft })).rejects.toThrow('no');
    expect(held).toEqual(['held', 'opened', 'tried', 'closed', 'let go', 'held', 'opened', 'closed', 'let go']);
    held.length = 0;
    const full = (): never => {
      throw new Error('full');
    };
    await expect(new Trials({ ...deps, openScratch: full }).run({ ...trial, draft })).rejects.toThrow('full');
    expect(held).toEqual(['held', 'let go']);
  });

  it('goes on after drafts that cannot be compiled', async () => {
    const trials = new Trials({
      tryOut: () => Promise.resolve(answer),
      compile: () => Promise.reject(new Error('no')),
      rowsFor: () => ({ pluginRows: [], routeRow: 0 }),
      holdMaps: () => () => undefined,
      openScratch: () => () => undefined,
      draftTimeoutMs: 1_000,
    });
    for (let count = 0; count < 2 * testerLimits.triedAtOnceMax; count += 1) await expect(trials.run({ ...trial, draft })).rejects.toThrow('no');
    await expect(trials.run(trial)).resolves.toBe(answer);
  });
});
