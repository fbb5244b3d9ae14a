import { type KvQuery, kvPatternMaxLength } from './kv-store.js';

/** Comparisons of one query, all keys together: about 20 ms of computing. */
const stepsMax = 10_000_000;

const star = 0x2a;
const questionMark = 0x3f;
const open = 0x5b;
const close = 0x5d;
const caret = 0x5e;
const dash = 0x2d;
const backslash = 0x5c;

/**
 * Says which keys a query is about. Works on UTF-8, byte by byte, as Redis does: `?` is one byte. Patterns come from
 * guests, so the comparisons are counted: a query that needs too many is cut short.
 */
export class KeyMatcher {
  private readonly prefix: Uint8Array;
  private readonly pattern: Uint8Array | undefined;
  private readonly isHopeless: boolean;
  private stepsLeft = stepsMax;

  constructor(query: Pick<KvQuery, 'pattern' | 'prefix'>) {
    this.prefix = Buffer.from(query.prefix ?? '');
    this.pattern = query.pattern === undefined || query.pattern === '*' ? undefined : Buffer.from(query.pattern);
    this.isHopeless = (query.pattern?.length ?? 0) > kvPatternMaxLength;
  }

  /** Once true, `matches` says false to everything. */
  get isExhausted(): boolean {
    return this.stepsLeft <= 0;
  }

  matches(bytes: Uint8Array, from: number, length: number): boolean {
    if (this.isHopeless || this.isExhausted || length < this.prefix.length) return false;
    this.stepsLeft -= 1;
    for (let at = 0; at < this.prefix.length; at++) if (bytes[from + at] !== this.prefix[at]) return false;
    return this.pattern === undefined || this.matchesPattern(this.pattern, bytes, from, from + length);
  }

  // A star first takes nothing, and one byte more each time what follows does not fit. Only the last star is gone back to:
  // what an earlier one could take instead, the last one can take as well.
  private matchesPattern(pattern: Uint8Array, bytes: Uint8Array, from: number, end: number): boolean {
    let at = from;
    let patternAt = 0;
    let afterStar = -1;
    let starTakesTo = from;
    while (at < end || patternAt < pattern.length) {
      if (--this.stepsLeft <= 0) return false;
      if (pattern[patternAt] === star) {
        afterStar = ++patternAt;
        starTakesTo = at;
        continue;
      }
      const next = at < end && patternAt < pattern.length ? matchOne(pattern, patternAt, bytes[at] ?? 0) : -1;
      if (next >= 0) {
        patternAt = next;
        at += 1;
      } else if (afterStar >= 0 && starTakesTo < end) {
        patternAt = afterStar;
        at = ++starTakesTo;
      } else {
        return false;
      }
    }
    return true;
  }
}

/** Where the pattern goes on when its next element takes the byte; -1 when it does not. */
function matchOne(pattern: Uint8Array, at: number, byte: number): number {
  switch (pattern[at]) {
    case questionMark:
      return at + 1;
    case open:
      return matchSet(pattern, at + 1, byte);
    case backslash:
      // A backslash at the end stands for itself.
      return at + 1 < pattern.length ? matchByte(pattern, at + 1, byte) : matchByte(pattern, at, byte);
    default:
      return matchByte(pattern, at, byte);
  }
}

function matchByte(pattern: Uint8Array, at: number, byte: number): number {
  return pattern[at] === byte ? at + 1 : -1;
}

/** `[abc]`, `[a-z]`, `[^a]`; a set that is not closed ends with the pattern. */
function matchSet(pattern: Uint8Array, from: number, byte: number): number {
  const isNegated = pattern[from] === caret;
  let at = isNegated ? from + 1 : from;
  let isIn = false;
  while (at < pattern.length && pattern[at] !== close) {
    if (pattern[at] === backslash && at + 1 < pattern.length) {
      at += 1;
      if (pattern[at] === byte) isIn = true;
      at += 1;
    } else if (pattern[at + 1] === dash && at + 2 < pattern.length) {
      const [low, high] = [pattern[at] ?? 0, pattern[at + 2] ?? 0];
      if (byte >= Math.min(low, high) && byte <= Math.max(low, high)) isIn = true;
      at += 3;
    } else {
      if (pattern[at] === byte) isIn = true;
      at += 1;
    }
  }
  return isIn === isNegated ? -1 : at + 1;
}
