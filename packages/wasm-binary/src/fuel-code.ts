import { leb, signedLeb } from './byte-writer.js';

/** Indices of what rewriting appends to a module. */
export interface AppendedIndices {
  /** Type `() -> ()` of the yield hook. */
  readonly yieldType: number;
  readonly yieldTable: number;
  readonly fuelGlobal: number;
  readonly growthFailedGlobal: number;
}

/**
 * A loop counts its cost in a local of its own and pays from the global only when that reaches this much: a global per
 * iteration would more than double the time of a tight loop.
 */
export const loopPeriod = 1024;

const op = {
  if: 0x04,
  end: 0x0b,
  callIndirect: 0x11,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32Eq: 0x46,
  i32LtS: 0x48,
  i32GeU: 0x4f,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32ShrU: 0x76,
  emptyBlock: 0x40,
} as const;

/** Builds the code that rewriting inserts. Each piece leaves the stack as it found it. */
export class FuelCode {
  private readonly indices: AppendedIndices;

  constructor(indices: AppendedIndices) {
    this.indices = indices;
  }

  /** At a function's entry. */
  pay(cost: number): number[] {
    return this.payWhat([op.i32Const, ...signedLeb(cost)]);
  }

  /** At the head of a loop; `local` is an i32 that begins at 0. */
  payInLoop(cost: number, local: number): number[] {
    const at = leb(local);
    return [
      ...[op.localGet, ...at, op.i32Const, ...signedLeb(cost), op.i32Add, op.localTee, ...at],
      ...[op.i32Const, ...signedLeb(loopPeriod), op.i32GeU, op.if, op.emptyBlock],
      ...this.payWhat([op.localGet, ...at]),
      ...[op.i32Const, 0, op.localSet, ...at, op.end],
    ];
  }

  /** Before a bulk operation of the size on top of the stack: a unit for each 16 bytes or entries. */
  payForSize(local: number): number[] {
    const at = leb(local);
    return [op.localTee, ...at, ...this.payWhat([op.localGet, ...at, op.i32Const, 4, op.i32ShrU])];
  }

  /** Behind a `memory.grow`. */
  noteGrowth(local: number): number[] {
    const at = leb(local);
    return [
      ...[op.localTee, ...at, op.i32Const, ...signedLeb(-1), op.i32Eq, op.if, op.emptyBlock],
      ...[op.i32Const, 1, op.globalSet, ...leb(this.indices.growthFailedGlobal), op.end],
      ...[op.localGet, ...at],
    ];
  }

  private payWhat(amount: readonly number[]): number[] {
    const fuel = leb(this.indices.fuelGlobal);
    const { yieldType, yieldTable } = this.indices;
    return [
      ...[op.globalGet, ...fuel, ...amount, op.i32Sub, op.globalSet, ...fuel],
      ...[op.globalGet, ...fuel, op.i32Const, 0, op.i32LtS, op.if, op.emptyBlock],
      ...[op.i32Const, 0, op.callIndirect, ...leb(yieldType), ...leb(yieldTable), op.end],
    ];
  }
}
