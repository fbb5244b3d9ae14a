import { expect, it } from '@jest/globals';
import { StageTimes } from './stage-times.js';

it('adds up how long a build was in each stage, also in one that comes twice', () => {
  let nowMs = 0;
  const times = new StageTimes({ nowMs: () => nowMs, date: () => new Date(0) });
  expect(times.timings()).toEqual({});
  times.enter('fetching');
  nowMs = 10;
  times.enter('compiling');
  nowMs = 30.06;
  times.enter('fetching');
  nowMs = 35.06;
  expect(times.timings()).toEqual({ fetching: 15, compiling: 20.1 });
  nowMs = 36.06;
  expect(times.timings()).toEqual({ fetching: 16, compiling: 20.1 });
});
