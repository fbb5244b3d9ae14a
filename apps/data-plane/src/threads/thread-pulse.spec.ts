import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { ThreadBoard } from './thread-board.js';
import { ThreadPulse } from './thread-pulse.js';

describe('ThreadPulse', () => {
  let pulse: ThreadPulse | undefined;
  afterEach(() => pulse?.stop());

  it('beats at once and then again and again, and tells how late the event loop is, and the longest of each window', async () => {
    const row = ThreadBoard.create(1).of(0);
    const lags: number[] = [];
    const windows: number[] = [];
    pulse = new ThreadPulse({
      row,
      beatMs: 5,
      beatsPerWindow: 4,
      onBeat: (lagMs) => lags.push(lagMs),
      onWindow: (longestMs) => windows.push(longestMs),
    });
    expect(row.beats).toBe(1);
    await eventually(() => lags.length > 1);
    const untilMs = performance.now() + 100;
    while (performance.now() < untilMs);
    await eventually(() => Math.max(...lags) > 50);
    await eventually(() => Math.max(...windows) > 50);
    expect(row.beats).toBeGreaterThanOrEqual(lags.length);
    expect(Math.min(...lags)).toBeGreaterThanOrEqual(0);
  });
});
