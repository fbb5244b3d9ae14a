import { describe, expect, it } from '@jest/globals';
import { InTurn } from './in-turn.js';

describe('InTurn', () => {
  it('begins no work before the one before it has ended, whether well or not', async () => {
    const turns = new InTurn();
    const events: string[] = [];
    let endFirst: () => void = () => undefined;
    const first = turns.run(async () => {
      await new Promise<void>((resolve) => (endFirst = resolve));
      events.push('first ended');
      throw new Error('failed');
    });
    const second = turns.run(async () => events.push('second began'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toEqual([]);
    endFirst();
    await expect(first).rejects.toThrow('failed');
    await second;
    expect(events).toEqual(['first ended', 'second began']);
  });
});
