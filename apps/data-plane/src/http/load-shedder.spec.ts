import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { LoadShedder } from './load-shedder.js';

describe('LoadShedder', () => {
  function shedder(): { shed: LoadShedder; pass: (ms: number) => void } {
    let nowMs = 1_000;
    const shed = new LoadShedder({ lagMs: 100, patienceMs: 500, nowMs: () => nowMs });
    return { shed, pass: (ms) => (nowMs += ms) };
  }

  /** Samples a lag every 20 ms for so long. */
  function lagging({ shed, pass }: ReturnType<typeof shedder>, lagMs: number, forMs: number): void {
    for (let passedMs = 0; passedMs < forMs; passedMs += 20) {
      pass(20);
      shed.sample(lagMs);
    }
  }

  it('refuses nothing while the loop is late for a moment only, however late', () => {
    const it = shedder();
    for (let burst = 0; burst < 10; burst += 1) {
      lagging(it, 5_000, 400);
      lagging(it, 10, 40);
      expect(it.shed.refuses()).toBe(false);
    }
  });

  it('refuses nothing when the thread stood still, however long, and then serves what has come within the patience', () => {
    const it = shedder();
    for (const stallMs of [1_500, 60_000]) {
      it.pass(stallMs);
      it.shed.sample(stallMs - 20);
      expect(it.shed.isOverloaded).toBe(false);
      for (const turnMs of [250, 200]) {
        it.pass(turnMs);
        it.shed.sample(turnMs - 20);
      }
      expect(it.shed.isOverloaded).toBe(false);
      lagging(it, 10, 20);
    }
  });

  it('refuses when turns are longer than the patience, one after another', () => {
    const it = shedder();
    for (const isOverloaded of [false, true, true]) {
      it.pass(2_000);
      it.shed.sample(1_980);
      expect(it.shed.isOverloaded).toBe(isOverloaded);
    }
  });

  it('once the loop has been late for long serves what comes within the lag of each turn, and refuses the rest of that turn', async () => {
    const it = shedder();
    lagging(it, 150, 600);
    expect(it.shed.isOverloaded).toBe(true);
    for (let turn = 0; turn < 3; turn += 1) {
      expect(it.shed.refuses()).toBe(false);
      it.pass(99);
      expect(it.shed.refuses()).toBe(false);
      it.pass(1);
      expect(it.shed.refuses()).toBe(true);
      it.pass(50);
      expect(it.shed.refuses()).toBe(true);
      await nextTurn();
    }
  });

  it('goes on refusing while the lag is near the bound, and ends when it has fallen below half', () => {
    const it = shedder();
    lagging(it, 150, 600);
    lagging(it, 80, 1_000);
    expect(it.shed.isOverloaded).toBe(true);
    lagging(it, 50, 20);
    expect(it.shed.isOverloaded).toBe(false);
    expect(it.shed.refuses()).toBe(false);
  });
});
