import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { SilenceWatch } from './silence-watch.js';
import { ThreadBoard } from './thread-board.js';

/** Beats (the first number of its row) until the eighth number says to be stuck. */
const program = `
  const { workerData } = require('node:worker_threads');
  const ints = new Int32Array(workerData);
  setInterval(() => {
    Atomics.add(ints, 0, 1);
    if (Atomics.load(ints, 8) === 1) for (;;);
  }, 5);`;

describe('SilenceWatch', () => {
  const workers: Worker[] = [];
  const watches: SilenceWatch[] = [];
  afterEach(async () => {
    for (const watch of watches.splice(0)) watch.close();
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
  });

  function start(silenceMs: number): { board: ThreadBoard; watch: SilenceWatch } {
    const board = ThreadBoard.create(1);
    workers.push(new Worker(program, { eval: true, workerData: board.memory }));
    const watch = new SilenceWatch({ silenceMs, checkMs: 20 });
    watches.push(watch);
    return { board, watch };
  }

  it('reports a thread that is stuck, once, after the time it is given, and none that works', async () => {
    const { board, watch } = start(2_000);
    const silences: number[] = [];
    watch.watch(board.of(0), (silentMs) => silences.push(silentMs));
    await eventually(() => board.of(0).beats > 20);
    expect(silences).toEqual([]);
    Atomics.store(new Int32Array(board.memory), 8, 1);
    await eventually(() => expect(silences).toHaveLength(1));
    expect(silences[0]).toBeGreaterThan(2_000);
  });

  it('gives a thread time to start: it is watched from its first beat on', async () => {
    const board = ThreadBoard.create(1);
    const watch = new SilenceWatch({ silenceMs: 40, checkMs: 20 });
    watches.push(watch);
    const silences: number[] = [];
    watch.watch(board.of(0), (silentMs) => silences.push(silentMs));
    await new Promise((resolve) => setTimeout(resolve, 200)); // five times what it would be given
    expect(silences).toEqual([]);
    board.of(0).beat();
    await eventually(() => expect(silences).toHaveLength(1));
  });

  it('does not blame threads for time in which it was stuck itself', async () => {
    const board = ThreadBoard.create(1);
    board.of(0).beat();
    const watch = new SilenceWatch({ silenceMs: 1_000, checkMs: 20 });
    watches.push(watch);
    const silences: number[] = [];
    const unwatch = watch.watch(board.of(0), (silentMs) => silences.push(silentMs));
    const untilMs = performance.now() + 1_500;
    while (performance.now() < untilMs);
    await new Promise((resolve) => setTimeout(resolve, 60)); // some checks
    expect(silences).toEqual([]);
    unwatch();
  });
});
