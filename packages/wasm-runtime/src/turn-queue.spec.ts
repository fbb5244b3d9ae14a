import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@torii/service-kit';
import { sliceMs, TurnQueue } from './turn-queue.js';

/** A clock on which every turn of the event loop takes `turnMs`. */
function startQueue(turnMs: number, share: number): { readonly turns: TurnQueue; readonly turnsSoFar: () => number; stop(): void } {
  let nowMs = 1_000;
  let count = 0;
  let isStopped = false;
  const clock: Clock = { nowMs: () => nowMs, date: () => new Date(nowMs) };
  const turn = (): void => {
    if (isStopped) return;
    nowMs += turnMs;
    count += 1;
    setImmediate(turn);
  };
  setImmediate(turn);
  return { turns: new TurnQueue({ share, clock }), turnsSoFar: () => count, stop: () => (isStopped = true) };
}

describe('TurnQueue', () => {
  it('gives a thread that has other work back to it until a guest has had no more than its share', async () => {
    const { turns, turnsSoFar, stop } = startQueue(0.1, 0.2);
    for (let slice = 0; slice < 5; slice += 1) await turns.next();
    stop();
    // One slice in five: 2.5 ms for each of 0.5 ms, on turns of 0.1 ms.
    expect(turnsSoFar() * 0.1).toBeGreaterThanOrEqual(5 * 5 * sliceMs - 1);
  });

  it('lets a guest go on soon on a thread that has nothing else to do', async () => {
    const { turns, turnsSoFar, stop } = startQueue(0.001, 0.2);
    for (let slice = 0; slice < 5; slice += 1) await turns.next();
    stop();
    expect(turnsSoFar()).toBeLessThan(50);
  });

  it('lets guests that wait go on in the order they came, one at a time', async () => {
    const { turns, stop } = startQueue(0.5, 0.5);
    const order: number[] = [];
    const wait = async (index: number): Promise<void> => {
      await turns.next();
      order.push(index);
    };
    await Promise.all([0, 1, 2, 3].map(wait));
    stop();
    expect(order).toEqual([0, 1, 2, 3]);
  });
});
