import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Doorway } from './doorway.js';

async function microtasks(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 1) await undefined;
}

describe('Doorway', () => {
  it('lets the first in at once, and each that comes in the same turn when the one before it has ended', async () => {
    const doorway = new Doorway();
    const events: string[] = [];
    let inside = 0;
    const call = async (name: string): Promise<void> => {
      const ticket = await doorway.enter();
      inside += 1;
      events.push(`${name} with ${inside}`);
      await microtasks(20);
      inside -= 1;
      doorway.leave(ticket);
    };
    expect(doorway.enter()).toBe(1);
    doorway.leave(1);
    const isOneTurn = Promise.race([Promise.all(['a', 'b', 'c'].map(call)).then(() => true), nextTurn(false)]);
    expect(await isOneTurn).toBe(true);
    expect(events).toEqual(['a with 1', 'b with 1', 'c with 1']);
  });

  it('lets the next in, in the same turn, when the one before it waits', async () => {
    const doorway = new Doorway();
    const first = doorway.enter() as number;
    const others = [doorway.enter(), doorway.enter()];
    expect(await Promise.race([Promise.all(others), nextTurn('none')])).toEqual([2, 3]);
    // That has been passed, and ends behind them.
    doorway.leave(first);
    const fourth = doorway.enter();
    expect(fourth).toBeInstanceOf(Promise);
    doorway.leave(3);
    expect(await fourth).toBe(4);
  });

  it('is open again in the next turn, whoever has not ended', async () => {
    const doorway = new Doorway();
    expect(doorway.enter()).toBe(1);
    await nextTurn();
    expect(doorway.enter()).toBe(2);
  });
});
