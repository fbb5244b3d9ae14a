import type { ByteReader } from './byte-reader.js';
import { costOf } from './fuel-cost.js';
import { bulkOpcodes, opcodes, skipImmediates } from './instructions.js';
import { WasmFormatError } from './wasm-format-error.js';

/** A place in a function's code where a check goes in. */
type CheckPoint =
  /** Behind the head of a loop whose body, without loops inside it, costs `cost`. */
  | { readonly kind: 'loop'; readonly at: number; cost: number }
  /** Before a bulk operation; its size is on top of the stack. */
  | { readonly kind: 'bulk'; readonly at: number }
  /** Behind a `memory.grow`; its result is on top of the stack. */
  | { readonly kind: 'grow'; readonly at: number };

export interface ScannedFunction {
  readonly checkPoints: readonly CheckPoint[];
  readonly hasLoop: boolean;
  readonly hasCall: boolean;
  /** Cost of everything outside of loops. */
  readonly cost: number;
}

/** Scans the instructions of one function, from behind its locals to its end. */
export function scanFunction(reader: ByteReader): ScannedFunction {
  const checkPoints: CheckPoint[] = [];
  /** One entry per open block: the loop whose body it is part of. */
  const open: (({ cost: number } & CheckPoint) | undefined)[] = [];
  let loop: ({ cost: number } & CheckPoint) | undefined;
  let hasLoop = false;
  let hasCall = false;
  let cost = 0;

  while (!reader.isAtEnd) {
    const at = reader.offset;
    const opcode = reader.u8();
    const second = skipImmediates(reader, opcode, at);
    const own = costOf(opcode);
    if (loop === undefined) cost += own;
    else loop.cost += own;

    switch (opcode) {
      case opcodes.loop:
        open.push(loop);
        loop = { kind: 'loop', at: reader.offset, cost: 0 };
        checkPoints.push(loop);
        hasLoop = true;
        break;
      case opcodes.block:
      case opcodes.if:
      case opcodes.try:
      case opcodes.tryTable:
        open.push(loop);
        break;
      case opcodes.end:
      case opcodes.delegate:
        // The last `end` closes the function itself and finds nothing open.
        if (open.length > 0) loop = open.pop();
        else if (!reader.isAtEnd) throw new WasmFormatError('code behind the end of a function', at);
        break;
      case opcodes.call:
      case opcodes.callIndirect:
      case opcodes.returnCall:
      case opcodes.returnCallIndirect:
        hasCall = true;
        break;
      case opcodes.memoryGrow:
        checkPoints.push({ kind: 'grow', at: reader.offset });
        break;
      case opcodes.miscPrefix:
        if (bulkOpcodes.has(second)) checkPoints.push({ kind: 'bulk', at });
        break;
      default:
        break;
    }
  }
  if (open.length > 0) throw new WasmFormatError('a block without an end', reader.offset);
  return { checkPoints, hasLoop, hasCall, cost };
}
