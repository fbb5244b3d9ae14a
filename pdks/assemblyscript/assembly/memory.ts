import { alloc, free, length as length_of, load_u8, load_u64, store_u8, store_u64 } from "./lib/env";
import { decodeText, encodeText } from "./text";

/** A block that the host and the function both reach. The host wipes all of them when the call ends. */
export class Memory {
  constructor(
    public offset: u64,
    public length: u64,
  ) {}

  static allocate(length: u64): Memory {
    return new Memory(alloc(length), length);
  }

  static allocateBytes(bytes: Uint8Array): Memory {
    const block = Memory.allocate(bytes.length);
    block.store(bytes);
    return block;
  }

  /** The text as UTF-8; `length` counts its bytes. */
  static allocateString(text: string): Memory {
    return Memory.allocateBytes(encodeText(text));
  }

  /** The block that begins at a pointer the host answered; null for 0 and for what is no block. */
  static find(offset: u64): Memory | null {
    if (offset == 0) return null;
    const length = length_of(offset);
    return length == 0 ? null : new Memory(offset, length);
  }

  /** Copies the beginning of the block into the whole of `bytes`. */
  load(bytes: Uint8Array): void {
    const start = bytes.dataStart;
    const count = min(<u64>bytes.length, this.length);
    let at: u64 = 0;
    for (; at + 8 <= count; at += 8) store<u64>(start + <usize>at, load_u64(this.offset + at));
    for (; at < count; at++) store<u8>(start + <usize>at, <u8>load_u8(this.offset + at));
  }

  /** Copies `bytes` to the beginning of the block; what does not fit is left out. */
  store(bytes: Uint8Array): void {
    const start = bytes.dataStart;
    const count = min(<u64>bytes.length, this.length);
    let at: u64 = 0;
    for (; at + 8 <= count; at += 8) store_u64(this.offset + at, load<u64>(start + <usize>at));
    for (; at < count; at++) store_u8(this.offset + at, load<u8>(start + <usize>at));
  }

  /** Not needed at the end of a call; worth it where one call uses many large blocks. */
  free(): void {
    free(this.offset);
  }

  toString(): string {
    return decodeText(this.toUint8Array());
  }

  toUint8Array(): Uint8Array {
    const bytes = new Uint8Array(<i32>this.length);
    this.load(bytes);
    return bytes;
  }
}
