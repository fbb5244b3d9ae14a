import { describe, expect, it } from '@jest/globals';
import { bearerToken, isSameSecret } from './bearer.js';

describe('bearerToken', () => {
  it('reads the token', () => {
    expect(bearerToken('Bearer torii_a-b_c')).toBe('torii_a-b_c');
    expect(bearerToken('bearer x')).toBe('x');
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'Basic x', 'Bearer a b', `Bearer ${'x'.repeat(513)}`])('finds none in %j', (header) => {
    expect(bearerToken(header)).toBeUndefined();
  });
});

describe('isSameSecret', () => {
  it('compares texts of any length', () => {
    expect(isSameSecret('a', 'a')).toBe(true);
    expect(isSameSecret('a', 'ab')).toBe(false);
    expect(isSameSecret('', 'a')).toBe(false);
  });
});
