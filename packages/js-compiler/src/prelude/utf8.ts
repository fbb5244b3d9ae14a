import { native } from './native.js';

const replacement = 0xfffd;

/** Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return text === '' ? new Uint8Array(0) : new Uint8Array(native.encode(text.toWellFormed()));
}

/** Malformed bytes become U+FFFD, as many as https://encoding.spec.whatwg.org/#utf-8-decoder says; a byte order mark stays. */
export function decodeUtf8(bytes: Uint8Array): string {
  return decodeQuickly(bytes) ?? decodeSlowly(bytes);
}

/** Throws a `TypeError` when the bytes are malformed. */
export function decodeUtf8Strictly(bytes: Uint8Array): string {
  const quick = decodeQuickly(bytes);
  if (quick !== undefined) return quick;
  const text = decodeSlowly(bytes);
  // What was in the bytes themselves encodes back to them.
  if (!isSame(encodeUtf8(text), bytes)) throw new TypeError('The encoded data was not valid for encoding utf-8');
  return text;
}

/** The engine's own decoder; undefined when it met anything that it may treat in another way than the standard. */
function decodeQuickly({ buffer, byteOffset, byteLength }: Uint8Array): string | undefined {
  if (byteLength === 0) return '';
  const text = native.decode(buffer, byteOffset, byteLength);
  return text.includes('\ufffd') || !text.isWellFormed() ? undefined : text;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function decodeSlowly(bytes: Uint8Array): string {
  let text = '';
  let at = 0;
  while (at < bytes.length) {
    const { codePoint, length } = decodeOne(bytes, at);
    text += String.fromCodePoint(codePoint);
    at += length;
  }
  return text;
}

/** The character at `at`, or U+FFFD for as many bytes as begin one that is not finished. */
function decodeOne(bytes: Uint8Array, at: number): { readonly codePoint: number; readonly length: number } {
  const first = bytes[at] ?? 0;
  if (first < 0x80) return { codePoint: first, length: 1 };
  const needed = first >= 0xc2 && first <= 0xdf ? 1 : first >= 0xe0 && first <= 0xef ? 2 : first >= 0xf0 && first <= 0xf4 ? 3 : 0;
  if (needed === 0) return { codePoint: replacement, length: 1 };
  let codePoint = first & (0x3f >> needed);
  for (let index = 1; index <= needed; index += 1) {
    const byte = bytes[at + index];
    const [low, high] = index === 1 ? secondByteRange(first) : [0x80, 0xbf];
    if (byte === undefined || byte < low || byte > high) return { codePoint: replacement, length: index };
    codePoint = (codePoint << 6) | (byte & 0x3f);
  }
  return { codePoint, length: needed + 1 };
}

/** Leaves out overlong forms, surrogates, and what is beyond U+10FFFF. */
function secondByteRange(first: number): readonly [number, number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}

/** How many bytes at the end begin a character that more bytes could finish. */
export function unfinishedBytes(bytes: Uint8Array): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length += 1) {
    const first = bytes[bytes.length - length] ?? 0;
    if (first < 0x80) return 0;
    if (first < 0xc0) continue;
    const { codePoint, length: taken } = decodeOne(bytes, bytes.length - length);
    const wanted = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    return codePoint === replacement && taken === length && length < wanted ? length : 0;
  }
  return 0;
}
