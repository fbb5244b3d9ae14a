import { describe, expect, it } from '@jest/globals';
import { CpuClock, CpuMeter } from './cpu-meter.js';

/** A thread that computes, or is kept waiting for a core, when the test says so. */
function startMeter(): { readonly meter: CpuMeter; nowMs(): number; readings(): number; compute(ms: number): void; starve(ms: number): void } {
  let nowMs = 1_000;
  let cpuMs = 50;
  let readings = 0;
  const cpu = new CpuClock(() => {
    readings += 1;
    return cpuMs;
  });
  const compute = (ms: number): void => {
    nowMs += ms;
    cpuMs += ms;
  };
  return { meter: new CpuMeter(nowMs, cpu), nowMs: () => nowMs, readings: () => readings, compute, starve: (ms) => (nowMs += ms) };
}

describe('CpuMeter', () => {
  it('counts what a thread computed, not what it was kept waiting for a core', () => {
    const { meter, nowMs, compute, starve } = startMeter();
    compute(20);
    starve(500);
    expect(meter.exceeds(50, nowMs())).toBe(false);
    compute(31);
    expect(meter.exceeds(50, nowMs())).toBe(true);
    expect(meter.totalMs(nowMs())).toBe(51);
  });

  it('does not count waits between stretches, and adds the stretches up', () => {
    const { meter, nowMs, compute } = startMeter();
    for (let stretch = 0; stretch < 3; stretch += 1) {
      compute(10);
      meter.pause(nowMs());
      compute(100);
      expect(meter.totalMs(nowMs())).toBe((stretch + 1) * 10);
      meter.resume(nowMs());
    }
  });

  it('asks the system nothing while a stretch is short', () => {
    const { meter, nowMs, readings, compute } = startMeter();
    const before = readings();
    for (let stretch = 0; stretch < 100; stretch += 1) {
      compute(0.009);
      expect(meter.exceeds(50, nowMs())).toBe(false);
      meter.pause(nowMs());
      meter.resume(nowMs());
    }
    expect(readings()).toBe(before);
    expect(meter.totalMs(nowMs())).toBeCloseTo(0.9);
  });
});
