// What AssemblyScript's compiler and runtime make of ordinary work: every export takes a seed and a size, and answers with
// a checksum of what it computed.

/** What earlier calls wrote, so that a later one depends on them. */
let journal = '';
const journalMaxChars = 1024;

let randomState: u32 = 1;

/** xorshift32 (Marsaglia, 2003). */
function nextRandom(): u32 {
  randomState ^= randomState << 13;
  randomState ^= randomState >> 17;
  randomState ^= randomState << 5;
  return randomState;
}

function fold(sum: u32, value: u32): u32 {
  return rotl<u32>((sum ^ value) * 0x01000193, 5);
}

function foldText(sum: u32, text: string): u32 {
  for (let at = 0; at < text.length; at++) sum = fold(sum, text.charCodeAt(at));
  return sum;
}

export function sort(seed: u32, size: u32): u32 {
  randomState = seed | 1;
  const values: u32[] = [];
  for (let i: u32 = 0; i < size; i++) values.push(nextRandom());
  values.sort();
  const pairs = values.map<string>((value) => `${value % 100} ${value}`);
  pairs.sort();
  let sum = size;
  for (let i = 0; i < pairs.length; i++) sum = foldText(fold(sum, values[i]), pairs[i]);
  return sum;
}

export function words(seed: u32, size: u32): u32 {
  randomState = seed | 1;
  const counts = new Map<string, u32>();
  for (let i: u32 = 0; i < size; i++) {
    let word = '';
    for (let left = 1 + (nextRandom() % 3); left > 0; left--) word += String.fromCharCode(97 + (nextRandom() % 12));
    counts.set(word, (counts.has(word) ? counts.get(word) : 0) + 1);
  }
  const keys = counts.keys();
  let sum = seed;
  for (let i = 0; i < keys.length; i++) sum = foldText(fold(sum, counts.get(keys[i])), keys[i]);
  return sum;
}

/** Builds text out of numbers, and keeps the end of it. */
export function text(seed: u32, size: u32): u32 {
  randomState = seed | 1;
  for (let i: u32 = 0; i < size; i++) {
    const value = nextRandom();
    journal += `${i}:${value.toString(16).padStart(8, '0')}:${f64(value) / 7.0};`;
  }
  journal = journal.split(';').reverse().join('; ').toUpperCase();
  if (journal.length > journalMaxChars) journal = journal.substring(journal.length - journalMaxChars);
  return foldText(seed, journal);
}

export function floats(seed: u32, size: u32): f64 {
  randomState = seed | 1;
  let sum: f64 = 0;
  for (let i: u32 = 0; i < size; i++) {
    const x = f64(nextRandom()) / f64(u32.MAX_VALUE);
    sum += Math.sin(x * 3.1) * x ** 1.7 + Math.sqrt(Math.log(1.0 + x)) - Math.atan2(x, 0.5);
    sum += f64(f32(i32(x * 1e6)) * 0.25) % 11.0;
  }
  return sum;
}

abstract class Node {
  abstract total(depth: u64): u64;
}

class Leaf extends Node {
  constructor(private value: u32) {
    super();
  }

  total(depth: u64): u64 {
    return u64(this.value) * depth;
  }
}

class Branch extends Node {
  children: Node[] = [];

  total(depth: u64): u64 {
    let sum = depth;
    for (let i = 0; i < this.children.length; i++) sum = rotl<u64>(sum, 7) ^ this.children[i].total(depth + 1);
    return sum;
  }
}

function grow(depth: u32): Node {
  if (depth === 0 || nextRandom() % 8 === 0) return new Leaf(nextRandom());
  const branch = new Branch();
  for (let left = 1 + (nextRandom() % 3); left > 0; left--) branch.children.push(grow(depth - 1));
  return branch;
}

/** Builds a tree by recursion, asks it for its total through virtual calls, and leaves it to the collector. */
export function tree(seed: u32, size: u32): u64 {
  randomState = seed | 1;
  return grow(min<u32>(size, 12)).total(1);
}

/** Makes ordinary mistakes, each of which ends in a trap; one in four returns. */
export function fail(seed: u32, size: u32): u32 {
  const values = new Array<u32>(size);
  switch (seed % 4) {
    case 0:
      return values[size];
    case 1:
      return size / values.indexOf(size + 1, i32(size)) + size / u32(values.length - i32(size));
    case 2:
      throw new Error('on purpose');
    default:
      return size;
  }
}

/** A plugin's entry: takes nothing, and answers with a checksum of everything above. */
export function run(): u32 {
  let sum = fold(fold(0, sort(1, 100)), words(2, 100));
  sum = fold(fold(sum, text(3, 20)), u32(floats(4, 50)));
  return fold(sum, u32(tree(5, 6)));
}

/** Instead of the host's `abort`, which a plugin cannot import. */
export function abort(_message: string | null, _file: string | null, _line: u32, _column: u32): void {
  unreachable();
}
