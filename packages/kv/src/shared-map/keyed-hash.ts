/**
 * HalfSipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012, in its variant for 32-bit words, as Linux
 * uses it for hash tables): without the seed nobody can choose keys that fall into one bucket. 32 bits with a sign.
 */
export function keyedHash(bytes: Uint8Array, length: number, seed0: number, seed1: number): number {
  let v0 = seed0;
  let v1 = seed1;
  let v2 = 0x6c796765 ^ seed0;
  let v3 = 0x74656462 ^ seed1;
  const wholeWords = length & ~3;
  let at = 0;
  let word = 0;
  // One turn for each word of the input, one for what is left with the length, three to finish.
  for (let left = (length >> 2) + 4; left > 0; left--) {
    if (at < wholeWords) {
      word = byte(bytes, at) | (byte(bytes, at + 1) << 8) | (byte(bytes, at + 2) << 16) | (byte(bytes, at + 3) << 24);
      at += 4;
    } else if (left === 4) {
      word = length << 24;
      for (let shift = 0; at < length; at++, shift += 8) word |= byte(bytes, at) << shift;
    } else {
      if (left === 3) v2 ^= 0xff;
      word = 0;
    }
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  return v1 ^ v3;
}

function byte(bytes: Uint8Array, at: number): number {
  return bytes[at] ?? 0;
}
