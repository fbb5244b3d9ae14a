import { afterEach, describe, expect, it } from '@jest/globals';
import { casesOf } from './cases-of.js';

const before = process.env.TORII_TEST_LONG;
afterEach(() => {
  if (before === undefined) delete process.env.TORII_TEST_LONG;
  else process.env.TORII_TEST_LONG = before;
});

describe('casesOf', () => {
  it('is a fifth of the cases in the usual run, and never none', () => {
    delete process.env.TORII_TEST_LONG;
    expect([casesOf(1_500), casesOf(7), casesOf(1)]).toEqual([300, 2, 1]);
  });

  it('is all of them in the long run', () => {
    process.env.TORII_TEST_LONG = 'true';
    expect([casesOf(1_500), casesOf(1)]).toEqual([1_500, 1]);
  });
});
