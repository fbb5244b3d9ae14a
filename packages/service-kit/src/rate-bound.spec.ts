import { describe, expect, it } from '@jest/globals';
import { RateBound } from './rate-bound.js';

describe('RateBound', () => {
  it('lets a burst of one second through, and then as many as the time allows', () => {
    const bound = new RateBound(10, 0);
    const passed = (times: number, nowMs: number): number => Array.from({ length: times }, () => bound.takes(nowMs)).filter(Boolean).length;
    expect(passed(50, 0)).toBe(10);
    expect(passed(50, 500)).toBe(5);
    expect(passed(50, 60_000)).toBe(10);
  });

  it('lets one through now and then when that is less than one a second', () => {
    const bound = new RateBound(0.5, 0);
    expect([0, 1_000, 2_000, 3_000, 4_000].map((nowMs) => bound.takes(nowMs))).toEqual([true, false, true, false, true]);
  });

  it('is given nothing by a change of its rate', () => {
    const bound = new RateBound(10, 0);
    const passed = (nowMs: number): number => Array.from({ length: 50 }, () => bound.takes(nowMs)).filter(Boolean).length;
    bound.change(5, 0);
    expect(passed(0)).toBe(5);
    bound.change(10, 500);
    expect(passed(500)).toBe(2); // earned at the rate of before
    bound.change(10, 500);
    expect(passed(500)).toBe(0);
  });

  it.each([1, 7, 250, 999, 1_000, 1_001])('never lets more than twice its rate through in a second when one comes every %i ms', (gapMs) => {
    const rate = 3;
    const bound = new RateBound(rate, 0);
    const passedAtMs: number[] = [];
    for (let nowMs = 0; nowMs < 10_000; nowMs += gapMs) if (bound.takes(nowMs)) passedAtMs.push(nowMs);
    for (const fromMs of passedAtMs) {
      expect(passedAtMs.filter((at) => at >= fromMs && at < fromMs + 1_000).length).toBeLessThanOrEqual(2 * rate);
    }
    expect(passedAtMs.length).toBeGreaterThanOrEqual(Math.min(Math.floor(10_000 / gapMs), rate * 9));
  });
});
