import { describe, expect, it } from '@jest/globals';
import { nearest } from './nearest.js';

describe('nearest', () => {
  const words = ['enabled', 'paths', 'methods', 'q'];

  it.each([
    ['enabeld', 'enabled'],
    ['path', 'paths'],
    ['Methods', 'methods'],
  ])('takes %s for %s', (word, meant) => {
    expect(nearest(word, words)).toBe(meant);
  });

  it.each(['zzzzzz', 'x', ''])('has no idea what %j could mean', (word) => {
    expect(nearest(word, words)).toBeUndefined();
  });
});
