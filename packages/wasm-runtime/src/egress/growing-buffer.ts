import { EgressError } from './egress-error.js';

const firstBytes = 16 * 1024;
/** An announced length is believed up to here; beyond it the buffer grows with what has really come. */
const believedMaxBytes = 1024 * 1024;

export interface BufferRoom {
  /** The most bytes there may be. */
  readonly maxBytes: number;
  /** Called before the buffer grows by so many bytes; throws when there is no room for them. */
  readonly take: (bytes: number) => void;
}

/** A body in one piece of memory rather than in a list: one that comes byte by byte then costs no more than any other. */
export class GrowingBuffer {
  private readonly room: BufferRoom;
  private readonly announcedBytes: number;
  private buffer = new Uint8Array(0);
  private length = 0;

  /** Throws `EgressError` `too_large` when more is announced than there may be. */
  constructor(announcedBytes: number, room: BufferRoom) {
    this.room = room;
    if (announcedBytes > room.maxBytes) throw this.tooLarge();
    this.announcedBytes = Math.min(announcedBytes, believedMaxBytes);
  }

  /** Throws `EgressError` `too_large`, and whatever `take` throws. */
  add(piece: Uint8Array): void {
    const needed = this.length + piece.length;
    if (needed > this.room.maxBytes) throw this.tooLarge();
    if (needed > this.buffer.length) this.grow(needed);
    this.buffer.set(piece, this.length);
    this.length = needed;
  }

  bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private grow(needed: number): void {
    const wanted = this.buffer.length === 0 ? this.announcedBytes || firstBytes : 2 * this.buffer.length;
    const capacity = Math.min(Math.max(needed, wanted), this.room.maxBytes);
    this.room.take(capacity - this.buffer.length);
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes());
    this.buffer = grown;
  }

  private tooLarge(): EgressError {
    return new EgressError('too_large', `the answer has more than ${this.room.maxBytes} bytes`);
  }
}
