/** Whole numbers below `limit`, always the same for the same seed. */
export type Random = (limit: number) => number;

/** Mulberry32 (Tommy Ettinger, 2017): 32 bits of state, which is plenty to choose bytes by. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Ends of LEB128 ranges, and bytes that mean much in a module: types, sections, opcodes. */
const telling = [0x00, 0x01, 0x0b, 0x10, 0x40, 0x41, 0x60, 0x6f, 0x70, 0x7e, 0x7f, 0x80, 0xfc, 0xfd, 0xff];
const mutationsMax = 2;
const pieceMaxBytes = 64;

/** A copy of a module with one or two things changed at random: bits, bytes, pieces taken out, doubled or cut off. */
export function mutateModule(module: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = module.slice();
  for (let left = 1 + random(mutationsMax); left > 0; left -= 1) bytes = mutated(bytes, random);
  return bytes;
}

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random(bytes.length + 1);
  const end = Math.min(bytes.length, at + 1 + random(pieceMaxBytes));
  switch (random(8)) {
    case 0:
      return withByte(bytes, at, (bytes[at] ?? 0) ^ (1 << random(8)));
    case 1:
      return withByte(bytes, at, random(256));
    case 2:
    case 3:
    case 4:
      return withByte(bytes, at, telling[random(telling.length)] ?? 0);
    case 5:
      return Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(end)]);
    case 6:
      return Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(at)]);
    default:
      return bytes.slice(0, at);
  }
}

function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  if (at < bytes.length) bytes[at] = value;
  return bytes;
}
