import { Readable } from 'node:stream';

const pieceBytes = 64 * 1024;
const piece = Buffer.alloc(pieceBytes);

/** So many bytes of zero, made when they are read. */
export function zeros(bytes: number, onRead: (bytes: number) => void = () => undefined): Readable {
  let left = bytes;
  return new Readable({
    read() {
      const next = Math.min(left, pieceBytes);
      left -= next;
      onRead(next);
      this.push(next === 0 ? null : piece.subarray(0, next));
    },
  });
}

/** Reads to the end; resolves with the number of bytes. */
export async function discard(stream: AsyncIterable<unknown>): Promise<number> {
  let bytes = 0;
  for await (const one of stream) bytes += (one as Buffer).length;
  return bytes;
}
