import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@torii/service-kit';
import { sliceMs, TurnQueue, type TurnTaker } from './turn-queue.js';

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

function aGuest(): TurnTaker {
  return { owner: {}, startedAtMs: 0 };
}

describe('TurnQueue', () => {
  it('gives a thread that has other work back to it until a guest has had no more than its share', async () => {
    const { turns, turnsSoFar, stop } = startQueue(0.1, 0.2);
    for (let slice = 0; slice < 5; slice += 1) await turns.next(aGuest());
    stop();
    // One slice in five: 2.5 ms for each of 0.5 ms, on turns of 0.1 ms.
    expect(turnsSoFar() * 0.1).toBeGreaterThanOrEqual(5 * 5 * sliceMs - 1);
  });

  it('lets a guest go on soon on a thread that has nothing else to do', async () => {
    const { turns, turnsSoFar, stop } = startQueue(0.001, 0.2);
    for (let slice = 0; slice < 5; slice += 1) await turns.next(aGuest());
    stop();
    expect(turnsSoFar()).toBeLessThan(50);
  });

  it('lets the calls of one plugin go on in the order they began, each to its end, one at a time', async () => {
    const { turns, stop } = startQueue(0.5, 0.5);
    const owner = {};
    const order: number[] = [];
    const run = async (startedAtMs: number): Promise<void> => {
      for (let slice = 0; slice < 3; slice += 1) {
        await turns.next({ owner, startedAtMs });
        order.push(startedAtMs);
      }
    };
    await Promise.all([2, 1, 3].map(run));
    stop();
    expect(order).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  });

  it('lets plugins take turns, however many calls of one of them wait', async () => {
    const { turns, stop } = startQueue(0.5, 0.5);
    const order: string[] = [];
    const run = async (owner: { readonly name: string }, startedAtMs: number): Promise<void> => {
      await turns.next({ owner, startedAtMs });
      order.push(owner.name);
    };
    const many = { name: 'many' };
    await Promise.all([...[1, 2, 3, 4].map((startedAtMs) => run(many, startedAtMs)), run({ name: 'one' }, 5), run({ name: 'other' }, 6)]);
    stop();
    expect(order).toEqual(['many', 'one', 'other', 'many', 'many', 'many']);
  });
});
