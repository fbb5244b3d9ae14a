import { formatLimits } from './format-limits.js';
import { WasmFormatError } from './wasm-format-error.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads a range of a module from front to back and never outside of it.
 *
 * Every method throws `WasmFormatError` when the bytes end too early or are not what the specification allows
 * (https://webassembly.github.io/spec/core/binary/values.html).
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  offset: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.offset >= this.end;
  }

  u8(): number {
    const byte = this.offset < this.end ? this.bytes[this.offset] : undefined;
    if (byte === undefined) throw new WasmFormatError('unexpected end', this.offset);
    this.offset += 1;
    return byte;
  }

  peek(): number {
    const byte = this.u8();
    this.offset -= 1;
    return byte;
  }

  /** An unsigned LEB128 of at most 32 bits. */
  u32(): number {
    const start = this.offset;
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        if (value > 0xffff_ffff) break;
        return value;
      }
    }
    throw new WasmFormatError('integer too large', start);
  }

  /** Passes over a LEB128 of either sign of at most `bits` bits. */
  skipLeb(bits: 32 | 33 | 64): void {
    const start = this.offset;
    const maxBytes = Math.ceil(bits / 7);
    for (let count = 0; count < maxBytes; count += 1) {
      if (this.u8() < 0x80) return;
    }
    throw new WasmFormatError('integer too long', start);
  }

  skip(length: number): void {
    if (length > this.end - this.offset) throw new WasmFormatError('unexpected end', this.end);
    this.offset += length;
  }

  slice(length: number): Uint8Array {
    const start = this.offset;
    this.skip(length);
    return this.bytes.subarray(start, this.offset);
  }

  name(): string {
    const start = this.offset;
    const length = this.u32();
    if (length > formatLimits.nameBytes) throw new WasmFormatError(`name of ${length} bytes; at most ${formatLimits.nameBytes} are accepted`, start);
    const bytes = this.slice(length);
    try {
      return utf8.decode(bytes);
    } catch {
      throw new WasmFormatError('name is not UTF-8', start);
    }
  }

  /**
   * A vector's length. Each element has at least one byte, so a length beyond the bytes that are left is a lie, and is
   * refused before anyone loops over it.
   */
  count(what: string, max: number): number {
    const start = this.offset;
    const count = this.u32();
    if (count > max) throw new WasmFormatError(`${count} ${what}; at most ${max} are accepted`, start);
    if (count > this.end - this.offset) throw new WasmFormatError(`${count} ${what} do not fit in what is left`, start);
    return count;
  }

  expectEnd(what: string): void {
    if (!this.isAtEnd) throw new WasmFormatError(`unexpected bytes after ${what}`, this.offset);
  }
}
