import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { decodeCursor, encodeCursor, pageOf } from './cursor.js';

const Position = z.strictObject({ name: z.string() });

describe('cursors', () => {
  it('come back as they were', () => {
    expect(decodeCursor(Position, encodeCursor({ name: 'a/ü' }))).toEqual({ name: 'a/ü' });
  });

  it.each(['', 'x', 'AAAA', encodeCursor({ id: 'x' }), encodeCursor(null)])('refuse the text %j at ?cursor', (text) => {
    expect(() => decodeCursor(Position, text)).toThrow(
      expect.objectContaining({ code: 'client.invalid', issues: [expect.objectContaining({ pointer: '?cursor' })] }),
    );
  });
});

describe('pageOf', () => {
  const page = (rows: string[]) =>
    pageOf(
      rows,
      2,
      (row) => row,
      (name) => ({ name }),
    );

  it('has a cursor only when there is more', () => {
    expect(page([])).toEqual({ items: [], nextCursor: null });
    expect(page(['a', 'b'])).toEqual({ items: ['a', 'b'], nextCursor: null });
    expect(page(['a', 'b', 'c'])).toEqual({ items: ['a', 'b'], nextCursor: encodeCursor({ name: 'b' }) });
  });
});
