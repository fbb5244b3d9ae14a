import { describe, expect, it } from '@jest/globals';
import { Suspects } from './suspects.js';

describe('Suspects', () => {
  it('counts what happens again and again, and forgets what has not happened for long', () => {
    let nowMs = 0;
    const suspects = new Suspects(60_000, () => nowMs);
    expect([suspects.add(3), suspects.add(3), suspects.add(7)]).toEqual([1, 2, 1]);
    nowMs = 50_000;
    expect(suspects.add(3)).toBe(3);
    nowMs = 100_000;
    expect(suspects.list()).toEqual([{ row: 3, times: 3 }]);
    nowMs = 200_000;
    expect(suspects.list()).toEqual([]);
    expect(suspects.add(3)).toBe(1);
  });
});
