import { arenaAt, bytesPerWord, threadAt, threadSlotAt } from './layout.js';

/** One thread's view of the table. Reads outside the buffer are 0, so that a reader may follow what a writer tears. */
export class TableMemory {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly slot: number;
  private readonly floats: Float64Array;
  private readonly buffered: Buffer;

  constructor(
    readonly buffer: SharedArrayBuffer,
    readonly threadIndex: number,
  ) {
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.floats = new Float64Array(buffer);
    this.buffered = Buffer.from(buffer);
    this.slot = threadSlotAt(threadIndex);
  }

  word(at: number): number {
    return this.words[at] ?? 0;
  }

  /** `at` is even. */
  float(at: number): number {
    return this.floats[at >> 1] ?? 0;
  }

  setFloat(at: number, value: number): void {
    this.floats[at >> 1] = value;
  }

  /** UTF-8. */
  textAt(fromByte: number, length: number): string {
    return this.buffered.toString('utf8', fromByte, fromByte + length);
  }

  /** A copy; `isWithin` must hold. A part of a larger buffer when it is small, which is several times faster to have. */
  copyOf(fromByte: number, length: number): Uint8Array {
    const copy = Buffer.allocUnsafe(length);
    this.buffered.copy(copy, 0, fromByte, fromByte + length);
    return copy;
  }

  /** Whether a block could begin there. */
  isBlock(at: number): boolean {
    return at >= arenaAt && at < this.words.length && (at & 3) === 0;
  }

  isWithin(fromByte: number, length: number): boolean {
    return length >= 0 && fromByte + length <= this.words.length * bytesPerWord;
  }

  /**
   * Keeps plain reads before it from happening after an atomic read behind it. The atomic read alone does not: it only
   * keeps later reads from happening earlier (Boehm, "Can seqlocks get along with programming language memory models?",
   * MSPC 2012). An atomic write in between orders both, and nobody else touches the word it writes.
   */
  fence(): void {
    Atomics.store(this.words, this.slot + threadAt.fence, 0);
  }
}
