import { describe, expect, it } from '@jest/globals';
import { TopLevelTime } from './top-level-time.js';

const times = { topLevelCpuMs: 100, topLevelWallMs: 5_000 };

/** A thread that computes, or is kept waiting for a core, when the test says so. */
function aThread() {
  let [cpuMs, wallMs] = [7_000, 90_000];
  return {
    clock: { cpuMs: () => cpuMs, wallMs: () => wallMs },
    compute(ms: number) {
      cpuMs += ms;
      wallMs += ms;
    },
    wait(ms: number) {
      wallMs += ms;
    },
  };
}

describe('the time of a top level', () => {
  it('is what its thread computes, not what it is kept waiting for a core', () => {
    const { clock, compute, wait } = aThread();
    const time = new TopLevelTime(times, clock);
    time.begin();

    compute(60);
    wait(4_000);
    compute(40);
    expect(time.look()).toBeUndefined();
    compute(1);
    expect(time.over).toBeUndefined();
    expect(time.look()).toBe('topLevelCpuMs');
  });

  it('ends also where it is kept waiting without end', () => {
    const { clock, compute, wait } = aThread();
    const time = new TopLevelTime(times, clock);
    time.begin();

    wait(5_000);
    expect(time.look()).toBeUndefined();
    compute(1);
    expect(time.look()).toBe('topLevelWallMs');
  });

  it('does not count what was before it, and stays over', () => {
    const { clock, compute, wait } = aThread();
    const time = new TopLevelTime(times, clock);
    compute(1_000);
    expect(time.look()).toBeUndefined();

    time.begin();
    expect(time.look()).toBeUndefined();
    compute(200);
    expect(time.look()).toBe('topLevelCpuMs');
    wait(10_000);
    expect([time.look(), time.over]).toEqual(['topLevelCpuMs', 'topLevelCpuMs']);
  });
});
