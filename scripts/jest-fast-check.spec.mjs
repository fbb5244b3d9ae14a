import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

describe('a property test', () => {
  it('tries the same cases in each run of the same seed', () => {
    expect(fc.sample(fc.integer(), 3)).toEqual(fc.sample(fc.integer(), { numRuns: 3, seed: Number(process.env.TORII_TEST_SEED) }));
    expect(fc.sample(fc.integer(), 3)).not.toEqual(fc.sample(fc.integer(), { numRuns: 3, seed: Number(process.env.TORII_TEST_SEED) + 1 }));
  });
});
