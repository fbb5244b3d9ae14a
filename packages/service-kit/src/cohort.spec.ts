import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Cohort } from './cohort.js';

describe('Cohort', () => {
  it('begins what came in one turn at its end, in order, and only then goes on with any of it', async () => {
    const events: string[] = [];
    const cohort = new Cohort(
      async (name: string): Promise<void> => {
        events.push(`${name} begun`);
        await undefined;
        events.push(`${name} gone on`);
      },
      () => 0,
    );
    for (const name of ['a', 'b', 'c']) cohort.add(name);
    expect(events).toEqual([]);
    await nextTurn();
    expect(events).toEqual(['a begun', 'b begun', 'c begun', 'a gone on', 'b gone on', 'c gone on']);
  });

  it('goes on with what it has begun, to its end, before it begins more than fits into a slice, and begins all in the same turn', async () => {
    const events: string[] = [];
    let nowMs = 0;
    const cohort = new Cohort(
      async (name: string): Promise<void> => {
        events.push(`${name} begun`);
        nowMs += 0.3;
        for (let left = 20; left > 0; left -= 1) await undefined;
        events.push(`${name} ended`);
      },
      () => nowMs,
    );
    for (const name of ['a', 'b', 'c']) cohort.add(name);
    await nextTurn();
    expect(events).toEqual(['a begun', 'b begun', 'a ended', 'b ended', 'c begun', 'c ended']);
  });

  it('begins what comes meanwhile in the next turn', async () => {
    const begun: string[] = [];
    const cohort = new Cohort((name: string): void => {
      begun.push(name);
      if (name === 'a') cohort.add('b');
    });
    cohort.add('a');
    await nextTurn();
    expect(begun).toEqual(['a']);
    await nextTurn();
    expect(begun).toEqual(['a', 'b']);
  });
});
