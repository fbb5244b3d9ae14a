import type { KeyBytes } from './key-bytes.js';
import { bytesPerWord, entryAt, keySpan } from './layout.js';
import type { TableMemory } from './table-memory.js';

/** Copying one by one is faster than a call out of JavaScript up to about this many bytes. */
const shortBytes = 32;

/** Words of an entry with that much in it. */
export function entryWords(keyBytes: number, valueBytes: number): number {
  return entryAt.key + Math.ceil((keySpan(keyBytes) + valueBytes) / bytesPerWord);
}

/** Fills a block that nobody else can see yet. */
export function fillEntry(
  memory: TableMemory,
  entry: number,
  key: KeyBytes,
  value: Uint8Array,
  options: { readonly expiresAtMs: number; readonly usedTick: number },
): void {
  const { words, bytes } = memory;
  words[entry + entryAt.hash] = key.hash;
  words[entry + entryAt.keyBytes] = key.length;
  words[entry + entryAt.valueBytes] = value.length;
  words[entry + entryAt.pins] = 0;
  stampEntry(memory, entry, options);
  const from = (entry + entryAt.key) * bytesPerWord;
  if (key.length <= shortBytes) for (let at = 0; at < key.length; at++) bytes[from + at] = key.bytes[at] ?? 0;
  else bytes.set(key.bytes.subarray(0, key.length), from);
  bytes.set(value, from + keySpan(key.length));
}

export function stampEntry(memory: TableMemory, entry: number, options: { readonly expiresAtMs: number; readonly usedTick: number }): void {
  memory.setFloat(entry + entryAt.expiresAt, options.expiresAtMs);
  memory.words[entry + entryAt.usedTick] = options.usedTick;
}
