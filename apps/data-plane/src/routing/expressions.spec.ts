import { describe, expect, it } from '@jest/globals';
import { Expressions } from './expressions.js';

describe('expressions', () => {
  it('are compiled once, also from one change to the next', () => {
    const expressions = new Expressions();
    const compiled = expressions.compile('[0-9]+');
    expect(expressions.forChange().compile('[0-9]+')).toBe(compiled);
  });

  it.each([
    ['many', 20_000, (index: number) => `a${index}`],
    ['long', 30, (index: number) => `${index}`.padEnd(4_000, 'a')],
  ])('are forgotten at the next change when they are %s, so that changes without end do not fill the memory', (_, count, sourceOf) => {
    const expressions = new Expressions();
    for (let index = 0; index < count; index += 1) expressions.compile(sourceOf(index));
    const next = expressions.forChange();
    expect(next).not.toBe(expressions);
    expect(next.forChange()).toBe(next);
  });
});
