import { describe, expect, it } from '@jest/globals';
import { Pool } from './pool.js';

describe('a pool', () => {
  it('hands out one of each', () => {
    const pool = new Pool<readonly string[]>(2);
    const first = pool.get('a', () => ['a']);
    expect(pool.get('a', () => ['another'])).toBe(first);
    expect(pool.get('b', () => ['b'])).toEqual(['b']);
  });

  it('keeps no more than its limit, and what it kept first', () => {
    const pool = new Pool<readonly string[]>(1);
    const first = pool.get('a', () => ['a']);
    expect(pool.isFull).toBe(true);
    const beyond = pool.get('b', () => ['b']);
    expect(pool.get('b', () => ['b'])).not.toBe(beyond);
    expect(pool.get('a', () => ['a'])).toBe(first);
  });

  it('does not keep what has a long key, which takes much memory', () => {
    const pool = new Pool<readonly string[]>(2);
    const key = 'a'.repeat(501);
    const first = pool.get(key, () => [key]);
    expect(pool.get(key, () => [key])).not.toBe(first);
    expect(pool.get(key.slice(1), () => ['a'])).toBe(pool.get(key.slice(1), () => ['b']));
  });
});
