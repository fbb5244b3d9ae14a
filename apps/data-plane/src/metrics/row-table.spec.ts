import { describe, expect, it } from '@jest/globals';
import { RowTable } from './row-table.js';

describe('RowTable', () => {
  function table(rows: number): { rows: RowTable; cleared: number[]; pass: (ms: number) => void } {
    let nowMs = 0;
    const cleared: number[] = [];
    return {
      rows: new RowTable({ rows, clear: (row) => cleared.push(row), restMs: 1_000, nowMs: () => nowMs }),
      cleared,
      pass: (ms) => (nowMs += ms),
    };
  }
  const owner = (id: string, name = id): { id: string; workspace: string; name: string } => ({ id, workspace: 'default', name });

  it('gives each owner a row of its own, the same over revisions and names, and the last row to those that find none', () => {
    const { rows } = table(3);
    expect(rows.assign([owner('a'), owner('b'), owner('c'), owner('d')])).toEqual([0, 1, 2, 2]);
    expect(rows.assign([owner('b', 'renamed'), owner('a')])).toEqual([1, 0]);
    expect(rows.ownerOf(1)?.name).toBe('renamed');
    expect(rows.ownerOf(2)).toBeUndefined();
  });

  it('gives a row that was left to nobody else while requests of its owner may be under way, then clears it', () => {
    const { rows, cleared, pass } = table(3);
    rows.assign([owner('a'), owner('b')]);
    rows.retainOnly([owner('b')]);
    expect(rows.assign([owner('c')])).toEqual([2]);
    pass(1_000);
    expect(rows.assign([owner('c')])).toEqual([0]);
    expect(cleared).toEqual([0, 1, 0]);
    expect([...rows.owned()].map(([row, { id }]) => `${row} ${id}`).sort()).toEqual(['0 c', '1 b']);
  });

  it('gives an owner that comes back soon the row it had: what was begun before may still count there', () => {
    const { rows, cleared, pass } = table(4);
    rows.assign([owner('a'), owner('b')]);
    rows.retainOnly([owner('b')]);
    pass(999);
    expect(rows.assign([owner('c'), owner('a')])).toEqual([2, 0]);
    expect(cleared).toEqual([0, 1, 2]);
    pass(1_000);
    expect(rows.assign([owner('d'), owner('e')])).toEqual([3, 3]); // one is left for all others
  });

  it('keeps the first row for what has no owner where it is told to', () => {
    const rows = new RowTable({ rows: 3, hasNobodysRow: true, clear: () => undefined, restMs: 0 });
    expect(rows.assign([owner('a'), owner('b')])).toEqual([1, 2]);
  });
});
