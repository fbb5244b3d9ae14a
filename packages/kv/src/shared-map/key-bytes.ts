import { kvKeyMaxBytes } from '../kv-store.js';
import { keyedHash } from './keyed-hash.js';
import { tableAt } from './layout.js';
import type { TableMemory } from './table-memory.js';

const encoder = new TextEncoder();
const shortKeyMaxLength = 64;

/** The key that a thread works with at the moment: its UTF-8 and its hash. One buffer for all keys of the thread. */
export class KeyBytes {
  readonly bytes = new Uint8Array(kvKeyMaxBytes);
  length = 0;
  hash = 0;
  private readonly seed0: number;
  private readonly seed1: number;

  constructor(memory: TableMemory) {
    this.seed0 = memory.word(tableAt.seed0);
    this.seed1 = memory.word(tableAt.seed1);
  }

  /** False when the key is too long to be one. Lone surrogates become U+FFFD. */
  encode(key: string): boolean {
    const length = key.length <= shortKeyMaxLength ? this.encodeAscii(key) : -1;
    if (length >= 0) {
      this.length = length;
    } else {
      const { read, written } = encoder.encodeInto(key, this.bytes);
      if (read < key.length) return false;
      this.length = written;
    }
    this.hash = keyedHash(this.bytes, this.length, this.seed0, this.seed1);
    return true;
  }

  /** -1 when there is anything else in it. Saves a call out of JavaScript for the keys that most are. */
  private encodeAscii(key: string): number {
    for (let at = 0; at < key.length; at++) {
      const code = key.charCodeAt(at);
      if (code > 127) return -1;
      this.bytes[at] = code;
    }
    return key.length;
  }
}
