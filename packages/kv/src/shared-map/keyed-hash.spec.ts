import { describe, expect, it } from '@jest/globals';
import { keyedHash } from './keyed-hash.js';

describe('keyedHash', () => {
  it('is HalfSipHash-1-3: gives the values that the Linux kernel tests its own with', () => {
    const values = [0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65, 0x9d38d9d6, 0x577999b1, 0xc839caed];
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => index);
    for (const [length, value] of values.entries()) expect(keyedHash(bytes, length, 0x03020100, 0x07060504) >>> 0).toBe(value);
  });

  it('depends on the seed', () => {
    const bytes = Buffer.from('key');
    expect(keyedHash(bytes, 3, 1, 2)).not.toBe(keyedHash(bytes, 3, 1, 3));
  });
});
