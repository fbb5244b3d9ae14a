import { describe, expect, it } from '@jest/globals';
import { BackOff } from './back-off.js';

describe('BackOff', () => {
  const options = { firstMs: 250, maxMs: 1_000, forgivenAfterMs: 60_000 };

  it('does not wait at first, then twice as long each time up to its bound', () => {
    const backOff = new BackOff(options);
    expect([1, 2, 3, 4, 5, 6].map(() => backOff.nextMs(10))).toEqual([0, 250, 500, 1_000, 1_000, 1_000]);
  });

  it('begins anew after something has lasted', () => {
    const backOff = new BackOff(options);
    for (let round = 0; round < 5; round += 1) backOff.nextMs(10);
    expect([backOff.nextMs(60_000), backOff.nextMs(10)]).toEqual([0, 250]);
  });
});
