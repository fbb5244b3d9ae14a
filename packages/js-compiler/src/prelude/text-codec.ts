import { spanOf, viewOf } from './bytes.js';
import { decodeUtf8, decodeUtf8Strictly, encodeUtf8, unfinishedBytes } from './utf8.js';

type Encoding = 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';

/** The labels of https://encoding.spec.whatwg.org/#names-and-labels that are met in practice. */
const labels: Readonly<Record<string, Encoding>> = {
  'utf-8': 'utf-8',
  utf8: 'utf-8',
  'unicode-1-1-utf-8': 'utf-8',
  'utf-16': 'utf-16le',
  'utf-16le': 'utf-16le',
  'ucs-2': 'utf-16le',
  unicode: 'utf-16le',
  'utf-16be': 'utf-16be',
  ascii: 'windows-1252',
  'us-ascii': 'windows-1252',
  latin1: 'windows-1252',
  l1: 'windows-1252',
  'iso-8859-1': 'windows-1252',
  'windows-1252': 'windows-1252',
};

/** Bytes 0x80 to 0x9f of windows-1252. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

export class TextEncoder {
  get encoding(): string {
    return 'utf-8';
  }

  encode(text: unknown = ''): Uint8Array {
    return encodeUtf8(String(text));
  }

  encodeInto(text: unknown, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of String(text)) {
      const bytes = encodeUtf8(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

/** https://encoding.spec.whatwg.org/#interface-textdecoder, for UTF-8, UTF-16 and windows-1252. */
export class TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  /** What the last piece of a stream left over. */
  #rest = new Uint8Array(0);
  #isBeginning = true;

  constructor(label: unknown = 'utf-8', options: { readonly fatal?: boolean; readonly ignoreBOM?: boolean } = {}) {
    const name = String(label).trim().toLowerCase();
    const encoding = Object.hasOwn(labels, name) ? labels[name] : undefined;
    if (encoding === undefined) throw new RangeError(`The "${name}" encoding is not supported`);
    this.encoding = encoding;
    this.fatal = options.fatal === true;
    this.ignoreBOM = options.ignoreBOM === true;
  }

  decode(input?: unknown, options: { readonly stream?: boolean } = {}): string {
    const given = input === undefined ? new Uint8Array(0) : viewOf(input, 'TextDecoder.decode');
    const bytes = this.#rest.length === 0 ? given : joined(this.#rest, given);
    const keep = options.stream === true ? this.#unfinished(bytes) : 0;
    this.#rest = bytes.slice(bytes.length - keep);
    const text = this.#decode(bytes.subarray(0, bytes.length - keep));
    const isBeginning = this.#isBeginning;
    this.#isBeginning = options.stream !== true || (isBeginning && text === '');
    const hasMark = isBeginning && !this.ignoreBOM && this.encoding !== 'windows-1252' && text.startsWith('\ufeff');
    return hasMark ? text.slice(1) : text;
  }

  #decode(bytes: Uint8Array): string {
    if (this.encoding === 'utf-8') return this.fatal ? decodeUtf8Strictly(bytes) : decodeUtf8(bytes);
    if (this.encoding === 'windows-1252') return decodeWindows1252(bytes);
    return this.#decodeUtf16(bytes);
  }

  #decodeUtf16(bytes: Uint8Array): string {
    const { buffer, offset } = spanOf(bytes, 'TextDecoder');
    const view = new DataView(buffer, offset, bytes.length);
    const units: string[] = [];
    for (let at = 0; at + 1 < bytes.length; at += 2) units.push(String.fromCharCode(view.getUint16(at, this.encoding === 'utf-16le')));
    const hasHalf = bytes.length % 2 === 1;
    // Half a unit behind the first half of a character is one error with it.
    if (hasHalf && !/[\ud800-\udbff]/.test(units.at(-1) ?? '')) units.push('\ud800');
    const text = units.join('');
    if (this.fatal && !text.isWellFormed()) throw new TypeError(`The encoded data was not valid for encoding ${this.encoding}`);
    return text.toWellFormed();
  }

  #unfinished(bytes: Uint8Array): number {
    if (this.encoding === 'utf-8') return unfinishedBytes(bytes);
    if (this.encoding === 'windows-1252') return 0;
    const odd = bytes.length % 2;
    const high = bytes[bytes.length - odd - (this.encoding === 'utf-16le' ? 1 : 2)];
    return high !== undefined && high >= 0xd8 && high < 0xdc ? odd + 2 : odd;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function decodeWindows1252(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte >= 0x80 && byte < 0xa0 ? windows1252[byte - 0x80] : String.fromCharCode(byte);
  return text;
}
