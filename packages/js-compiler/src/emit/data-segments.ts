import { ByteWriter, signedLeb } from '@torii/wasm-binary';

/** A segment takes some ten bytes and time to instantiate; as many zeros in a row are cheaper as they are. */
const gapMin = 64;

interface Segment {
  readonly start: number;
  readonly end: number;
}

/** A data section that makes new memory hold what this one does, from `start` on; what lies before is left zero. */
export function dataSection(memory: Uint8Array, start: number): ByteWriter {
  const segments = segmentsOf(memory, start);
  const writer = new ByteWriter(memory.length - start).u32(segments.length);
  for (const segment of segments) {
    writer.u8(0).raw([0x41, ...signedLeb(segment.start), 0x0b]);
    writer.u32(segment.end - segment.start).copy(memory, segment.start, segment.end);
  }
  return writer;
}

function segmentsOf(memory: Uint8Array, start: number): Segment[] {
  const segments: Segment[] = [];
  let at = nextUsed(memory, start);
  while (at < memory.length) {
    let end = at;
    let next = at;
    while (next < memory.length && next - end < gapMin) {
      end = endOfUsed(memory, next);
      next = nextUsed(memory, end);
    }
    segments.push({ start: at, end });
    at = next;
  }
  return segments;
}

function nextUsed(memory: Uint8Array, from: number): number {
  let at = from;
  while (at < memory.length && memory[at] === 0) at += 1;
  return at;
}

function endOfUsed(memory: Uint8Array, from: number): number {
  let at = from;
  while (at < memory.length && memory[at] !== 0) at += 1;
  return at;
}
