import { describe, expect, it } from '@jest/globals';
import { ThreadBoard } from './thread-board.js';

describe('ThreadBoard', () => {
  it('shows what each thread wrote to whoever attaches to its memory, and nothing of the others', () => {
    const board = ThreadBoard.create(3);
    const other = new ThreadBoard(board.memory);
    const row = board.of(1);
    row.beat();
    row.load = 5;
    row.isServing = true;
    row.enter(0);
    expect(other.threads).toBe(3);
    expect([other.of(1).beats, other.of(1).load, other.of(1).isServing, other.of(1).running]).toEqual([1, 5, true, 0]);
    for (const index of [0, 2]) {
      const { beats, load, isServing, running } = other.of(index);
      expect([beats, load, isServing, running]).toEqual([0, 0, false, undefined]);
    }
    row.clear();
    expect([other.of(1).beats, other.of(1).running]).toEqual([0, undefined]);
  });

  it('names the plugin that was entered last, until that one is left', () => {
    const row = ThreadBoard.create(1).of(0);
    row.enter(4);
    row.enter(9);
    row.leave(4);
    expect(row.running).toBe(9);
    row.leave(9);
    expect(row.running).toBeUndefined();
  });
});
