import { ByteReader } from './byte-reader.js';
import { type ByteWriter, leb } from './byte-writer.js';
import { type AppendedIndices, type CheckCode, CheckWriter } from './check-code.js';
import type { CheckPoint, LoopPoint } from './check-point.js';

/** The body of one function: where it lies, and where in it the code begins. */
export interface FunctionBody {
  readonly start: number;
  readonly codeStart: number;
  readonly end: number;
  /** Parameters included. */
  readonly localCount: number;
}

const i32 = 0x7f;
const endOpcode = 0x0b;

/**
 * Writes one function's body (locals and code, without its length) with its checks, and answers where in it, counted from
 * its first byte, the branches are that are hardly ever taken.
 *
 * Nothing that is there is renumbered but labels: up to three locals are appended. Bodies of paired loops are there twice.
 */
export function writeFunction(
  out: ByteWriter,
  bytes: Uint8Array,
  body: FunctionBody,
  points: readonly CheckPoint[],
  indices: AppendedIndices,
): readonly number[] {
  return new FunctionWriter(out, bytes, body, indices).write(points);
}

class FunctionWriter {
  private readonly out: ByteWriter;
  private readonly outStart: number;
  private readonly bytes: Uint8Array;
  private readonly body: FunctionBody;
  private readonly checks: CheckWriter;
  private readonly unlikelyAt: number[] = [];
  /** Up to here, in the module, the code is written or left out. */
  private copiedTo: number;
  /** By how many more blocks than the points say labels lead out of where it stands. */
  private deeper = 0;

  constructor(out: ByteWriter, bytes: Uint8Array, body: FunctionBody, indices: AppendedIndices) {
    const { localCount } = body;
    this.out = out;
    this.outStart = out.length;
    this.bytes = bytes;
    this.body = body;
    this.checks = new CheckWriter(indices, { scratch: localCount, left: localCount + 1, refill: localCount + 2 });
    this.copiedTo = body.codeStart;
  }

  write(points: readonly CheckPoint[]): readonly number[] {
    writeLocals(this.out, this.bytes, this.body, points);
    for (const [index, point] of points.entries()) {
      this.copyTo(point.at);
      this.writePoint(point);
      if (point.kind === 'loop' && point.charge === 'paired') this.writeFirstTurn(point, points, index + 1);
    }
    this.copyTo(this.body.end);
    return this.unlikelyAt;
  }

  private writePoint(point: CheckPoint): void {
    const { checks } = this;
    switch (point.kind) {
      case 'pay':
        this.insert(checks.pay(point.cost));
        return;
      case 'loop':
        this.writeLoop(point);
        return;
      case 'endOfLoop':
        for (let left = point.ends; left > 0; left -= 1) this.out.u8(endOpcode);
        this.deeper = 0;
        return;
      case 'label':
        this.out.u32(point.label + this.deeper);
        this.copiedTo = behindLeb(this.bytes, point.at);
        return;
      case 'bulkMemory':
        this.insert(checks.bulkMemory(point.cost));
        return;
      case 'bulkTable':
        this.insert(checks.bulkTable(point.cost));
        return;
      case 'memoryGrow':
        this.insert(checks.memoryGrow(point.cost));
        this.copiedTo = point.behindAt;
        return;
      case 'memorySize':
        this.insert(checks.memorySize());
        this.copiedTo = point.behindAt;
        return;
    }
  }

  private writeLoop({ at, charge, cost }: LoopPoint): void {
    const { bytes, checks } = this;
    // Behind the opcode there is the type, which is a number of as many bytes as it takes.
    const bodyAt = behindLeb(bytes, at + 1);
    if (charge === 'wrapped' || charge === 'paired') {
      const head = bytes.subarray(at, bodyAt);
      this.insert(charge === 'wrapped' ? checks.wrapped(cost, head) : checks.paired(cost, head));
      this.copiedTo = bodyAt;
      return;
    }
    this.copyTo(bodyAt);
    this.insert(charge === 'direct' ? checks.pay(cost) : checks.counted(cost));
  }

  /** The body of a paired loop, with the points from `next` on, of which only labels are in it. Its body for the second turn is then due. */
  private writeFirstTurn({ endAt }: LoopPoint, points: readonly CheckPoint[], next: number): void {
    const bodyAt = this.copiedTo;
    this.deeper = 2;
    for (let index = next; index < points.length; index += 1) {
      const point = points[index];
      if (point === undefined || point.at >= endAt) break;
      this.copyTo(point.at);
      this.writePoint(point);
    }
    this.copyTo(endAt);
    this.insert(this.checks.betweenTurns());
    this.deeper = 1;
    this.copiedTo = bodyAt;
  }

  private copyTo(at: number): void {
    this.out.copy(this.bytes, this.copiedTo, at);
    this.copiedTo = at;
  }

  private insert(code: CheckCode): void {
    for (const at of code.unlikelyAt) this.unlikelyAt.push(this.out.length - this.outStart + at);
    this.out.raw(code.bytes);
  }
}

function writeLocals(out: ByteWriter, bytes: Uint8Array, { start, codeStart }: FunctionBody, points: readonly CheckPoint[]): void {
  const isCounted = points.some((point) => point.kind === 'loop' && point.charge !== 'direct');
  const groups = new ByteReader(bytes, start, codeStart);
  const groupCount = groups.u32();
  out.raw(leb(groupCount + 1)).copy(bytes, groups.offset, codeStart);
  out.u8(isCounted ? 3 : 1).u8(i32);
}

function behindLeb(bytes: Uint8Array, start: number): number {
  let at = start;
  while ((bytes[at] ?? 0) >= 0x80) at += 1;
  return at + 1;
}
