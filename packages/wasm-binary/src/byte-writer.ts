const utf8 = new TextEncoder();

/** Making a view of an array takes longer than copying this many bytes. */
const copiedByHandMax = 64;

/** Collects bytes; grows as needed. */
export class ByteWriter {
  private bytes: Uint8Array;
  length = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
  }

  raw(source: Uint8Array | readonly number[]): this {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
    return this;
  }

  /** Copies a range of `source`. */
  copy(source: Uint8Array, start: number, end: number): this {
    const length = end - start;
    this.reserve(length);
    const { bytes } = this;
    if (length > copiedByHandMax) bytes.set(source.subarray(start, end), this.length);
    else for (let at = 0; at < length; at += 1) bytes[this.length + at] = source[start + at] ?? 0;
    this.length += length;
    return this;
  }

  u8(byte: number): this {
    this.reserve(1);
    this.bytes[this.length] = byte;
    this.length += 1;
    return this;
  }

  u32(value: number): this {
    return this.raw(leb(value));
  }

  name(text: string): this {
    const encoded = utf8.encode(text);
    return this.u32(encoded.length).raw(encoded);
  }

  section(id: number, content: ByteWriter): this {
    return this.u8(id).u32(content.length).raw(content.view());
  }

  /** Forgets what has been written and keeps the space. */
  clear(): void {
    this.length = 0;
  }

  /** What has been written so far; valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  private reserve(extra: number): void {
    const needed = this.length + extra;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, needed));
    grown.set(this.view());
    this.bytes = grown;
  }
}

/** Unsigned LEB128 of a 32-bit number. */
export function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value >>> 0;
  do {
    const low = rest & 0x7f;
    rest >>>= 7;
    out.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return out;
}

/** Signed LEB128 of a 32-bit number, as `i32.const` takes it. */
export function signedLeb(value: number): number[] {
  const out: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isDone = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    out.push(isDone ? low : low | 0x80);
    if (isDone) return out;
  }
}
