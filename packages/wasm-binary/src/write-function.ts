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

/**
 * Writes one function's body (locals and code, without its length) with its checks, and answers where in it, counted from
 * its first byte, the branches are that are hardly ever taken.
 *
 * Nothing that is there is renumbered but labels: up to three locals are appended.
 */
export function writeFunction(
  out: ByteWriter,
  bytes: Uint8Array,
  body: FunctionBody,
  points: readonly CheckPoint[],
  indices: AppendedIndices,
): readonly number[] {
  const outStart = out.length;
  writeLocals(out, bytes, body, points);
  const { localCount } = body;
  const checks = new CheckWriter(indices, { scratch: localCount, left: localCount + 1, refill: localCount + 2 });
  const unlikelyAt: number[] = [];
  let copiedTo = body.codeStart;

  const copyTo = (at: number): void => {
    out.copy(bytes, copiedTo, at);
    copiedTo = at;
  };
  const insert = (code: CheckCode): void => {
    for (const at of code.unlikelyAt) unlikelyAt.push(out.length - outStart + at);
    out.raw(code.bytes);
  };
  const writeLoop = (point: LoopPoint): void => {
    // Behind the opcode there is the type, which is a number of as many bytes as it takes.
    const bodyAt = behindLeb(bytes, point.at + 1);
    if (point.charge === 'wrapped') {
      insert(checks.wrapped(point.cost, bytes.subarray(point.at, bodyAt)));
      copiedTo = bodyAt;
      return;
    }
    copyTo(bodyAt);
    insert(point.charge === 'direct' ? checks.pay(point.cost) : checks.counted(point.cost));
  };

  for (const point of points) {
    copyTo(point.at);
    switch (point.kind) {
      case 'pay':
        insert(checks.pay(point.cost));
        break;
      case 'loop':
        writeLoop(point);
        break;
      case 'endOfLoop':
        out.u8(0x0b);
        break;
      case 'label':
        out.u32(point.label);
        copiedTo = behindLeb(bytes, point.at);
        break;
      case 'bulkMemory':
        insert(checks.bulkMemory(point.cost));
        break;
      case 'bulkTable':
        insert(checks.bulkTable(point.cost));
        break;
      case 'memoryGrow':
        insert(checks.memoryGrow(point.cost));
        copiedTo = point.behindAt;
        break;
      case 'memorySize':
        insert(checks.memorySize());
        copiedTo = point.behindAt;
        break;
    }
  }
  copyTo(body.end);
  return unlikelyAt;
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
