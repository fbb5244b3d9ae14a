import { leb, signedLeb } from './byte-writer.js';
import type { AppendedIndices } from './check-code.js';

/** Its type, `(i32) -> i32`, as the type section has it. */
export const growFunctionType = [0x60, 1, 0x7f, 1, 0x7f];

const i32 = 0x7f;
const op = {
  if: 0x04,
  end: 0x0b,
  return: 0x0f,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  i32Const: 0x41,
  i32Eq: 0x46,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  emptyBlock: 0x40,
} as const;

/**
 * The body, with its length, of the function that stands in for every `memory.grow`: it counts the guest's pages in a global
 * and grows the memory only by what it does not have yet. So an instance that is put back to how it began has the size it
 * began with, although a memory never shrinks; whoever puts it back clears what lies beyond.
 *
 * What it cannot grow it notes, and answers -1 as `memory.grow` does.
 */
export function growFunctionBody(indices: AppendedIndices, maxPages: number): number[] {
  const pages = 0;
  const old = 1;
  const missing = 2;
  const size = leb(indices.pagesGlobal);
  const fail = [
    ...[op.if, op.emptyBlock, op.i32Const, 1, op.globalSet, ...leb(indices.growthFailedGlobal)],
    ...[op.i32Const, ...signedLeb(-1), op.return, op.end],
  ];
  const code = [
    // More than there may be: the counted pages are never above the maximum.
    ...[op.localGet, pages, op.i32Const, ...signedLeb(maxPages), op.globalGet, ...size, op.localTee, old, op.i32Sub, op.i32GtU, ...fail],
    ...[op.localGet, old, op.localGet, pages, op.i32Add, op.memorySize, 0, op.i32Sub, op.localTee, missing, op.i32Const, 0, op.i32GtS],
    ...[op.if, op.emptyBlock, op.localGet, missing, op.memoryGrow, 0, op.i32Const, ...signedLeb(-1), op.i32Eq, ...fail, op.end],
    ...[op.localGet, old, op.localGet, pages, op.i32Add, op.globalSet, ...size, op.localGet, old, op.end],
  ];
  const body = [1, 2, i32, ...code];
  return [...leb(body.length), ...body];
}
