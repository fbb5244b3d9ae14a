import { leb, signedLeb } from './byte-writer.js';

/** Indices of what rewriting appends to a module. */
export interface AppendedIndices {
  /** Type `() -> ()` of the yield hook. */
  readonly yieldType: number;
  readonly yieldTable: number;
  readonly fuelGlobal: number;
  readonly growthFailedGlobal: number;
  /** Of a module with a memory: the pages it counts as its own, and the function that grows them. */
  readonly pagesGlobal: number;
  readonly growFunction: number;
}

/** Code to put in, and where in it the branches are that are hardly ever taken. */
export interface CheckCode {
  readonly bytes: readonly number[];
  readonly unlikelyAt: readonly number[];
}

const op = {
  block: 0x02,
  if: 0x04,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  call: 0x10,
  callIndirect: 0x11,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32And: 0x71,
  i32Or: 0x72,
  i32Shl: 0x74,
  i32ShrU: 0x76,
  select: 0x1b,
  emptyBlock: 0x40,
} as const;

/**
 * What a counted loop takes from the global: 256 units when a function comes to its first loop, then 768, 1,792, 3,840,
 * 7,936 and, from there on, 16,128. So a short loop pays little for nothing, a long one seldom, and what a function has
 * left over when it ends is little more than what it has used, or the first 256.
 */
const firstRefill = 256;
const refillMask = 16_383;

const bytesPerUnitLog2 = 4;
const unitsPerEntryLog2 = 3;
/** A page of 64 KiB costs what writing it would. */
const unitsPerPageLog2 = 16 - bytesPerUnitLog2;
const pagesMax = 65_536;
const entriesMax = 1 << 24;

/** The i32 locals that rewriting appends to a function: a scratch one, and for counted loops what is left and the last refill. */
export interface AppendedLocals {
  readonly scratch: number;
  readonly left: number;
  readonly refill: number;
}

/** Makes the code that rewriting puts into one function. Each piece leaves the stack as it found it. */
export class CheckWriter {
  private readonly indices: AppendedIndices;
  private readonly locals: AppendedLocals;
  private bytes: number[] = [];
  private unlikelyAt: number[] = [];

  constructor(indices: AppendedIndices, locals: AppendedLocals) {
    this.indices = indices;
    this.locals = locals;
  }

  /** Before an instruction, or behind the opcode and type of a loop that pays directly. */
  pay(cost: number): CheckCode {
    this.beginPayment();
    this.put(op.i32Const, ...signedLeb(cost));
    this.endPayment();
    return this.take();
  }

  /** Behind the opcode and type of a loop that is counted in a local. */
  counted(cost: number): CheckCode {
    this.count(cost);
    this.unlikely(op.if, op.emptyBlock);
    this.refill();
    this.put(op.end);
    return this.take();
  }

  /** In place of a loop's opcode and type, which are given as `head`: two such loops, of which the outer one refills. */
  wrapped(cost: number, head: Uint8Array): CheckCode {
    this.putWrapped(cost, head);
    return this.take();
  }

  private putWrapped(cost: number, head: Uint8Array): void {
    // Nothing left, as at first, is refilled here rather than after a turn into the inner loop and back.
    this.put(...head, op.localGet, ...leb(this.locals.left), op.i32Const, 1, op.i32LtS);
    this.unlikely(op.if, op.emptyBlock);
    this.refill();
    this.put(op.end, ...head);
    this.count(cost);
    this.unlikely(op.brIf, 1);
  }

  /** In place of the opcode and type of a loop whose body follows twice, with `betweenTurns` in between. */
  paired(cost: number, head: Uint8Array): CheckCode {
    this.put(op.block, op.emptyBlock);
    this.putWrapped(2 * cost, head);
    // To go round from the first body is to leave this block, which its labels for the loop therefore name.
    this.put(op.block, op.emptyBlock);
    return this.take();
  }

  /** Behind the first body of a paired loop: who comes to its end leaves the loop, by the outermost of the blocks around it. */
  betweenTurns(): CheckCode {
    this.put(op.br, 3, op.end);
    return this.take();
  }

  /** Before a bulk operation of as many bytes as the top of the stack says. */
  bulkMemory(cost: number): CheckCode {
    return this.payForSize(cost, [op.i32Const, bytesPerUnitLog2, op.i32ShrU]);
  }

  /** Before a bulk operation of as many entries as the top of the stack says. */
  bulkTable(cost: number): CheckCode {
    return this.payForSize(cost, [...this.atMost(entriesMax), op.i32Const, unitsPerEntryLog2, op.i32Shl]);
  }

  /** In place of a `memory.grow` by as many pages as the top of the stack says. */
  memoryGrow(cost: number): CheckCode {
    this.putPaymentForSize(cost, [...this.atMost(pagesMax), op.i32Const, unitsPerPageLog2, op.i32Shl]);
    this.put(op.call, ...leb(this.indices.growFunction));
    return this.take();
  }

  /** In place of a `memory.size`. */
  memorySize(): CheckCode {
    this.put(op.globalGet, ...leb(this.indices.pagesGlobal));
    return this.take();
  }

  private payForSize(cost: number, unitsOfScratch: readonly number[]): CheckCode {
    this.putPaymentForSize(cost, unitsOfScratch);
    return this.take();
  }

  private putPaymentForSize(cost: number, unitsOfScratch: readonly number[]): void {
    const scratch = leb(this.locals.scratch);
    this.put(op.localTee, ...scratch);
    this.beginPayment();
    this.put(op.localGet, ...scratch, ...unitsOfScratch, op.i32Const, ...signedLeb(cost), op.i32Add);
    this.endPayment();
  }

  /** The smaller of the top of the stack, which is the scratch local, and `max`: a size that shifting would turn over. */
  private atMost(max: number): number[] {
    const scratch = leb(this.locals.scratch);
    const limit = [op.i32Const, ...signedLeb(max)];
    return [...limit, op.localGet, ...scratch, ...limit, op.i32LtU, op.select];
  }

  /** Leaves on the stack whether there is nothing left to run on. */
  private count(cost: number): void {
    const left = leb(this.locals.left);
    this.put(op.localGet, ...left, op.i32Const, ...signedLeb(cost), op.i32Sub, op.localTee, ...left, op.i32Const, 0, op.i32LtS);
  }

  private refill(): void {
    const left = leb(this.locals.left);
    const refill = leb(this.locals.refill);
    this.put(op.localGet, ...refill, op.i32Const, 1, op.i32Shl, op.i32Const, ...signedLeb(refillMask), op.i32And);
    this.put(op.i32Const, ...signedLeb(firstRefill), op.i32Or, op.localTee, ...refill);
    this.put(op.localGet, ...left, op.i32Add, op.localSet, ...left);
    this.beginPayment();
    this.put(op.localGet, ...refill);
    this.endPayment();
  }

  /** Between this and `endPayment` goes what puts the amount on the stack. */
  private beginPayment(): void {
    this.put(op.globalGet, ...leb(this.indices.fuelGlobal));
  }

  private endPayment(): void {
    const scratch = leb(this.locals.scratch);
    const { fuelGlobal, yieldType, yieldTable } = this.indices;
    // The local saves reading the global back, which V8 would do from memory.
    this.put(op.i32Sub, op.localTee, ...scratch, op.globalSet, ...leb(fuelGlobal), op.localGet, ...scratch, op.i32Const, 0, op.i32LtS);
    this.unlikely(op.if, op.emptyBlock);
    this.put(op.i32Const, 0, op.callIndirect, ...leb(yieldType), ...leb(yieldTable), op.end);
  }

  private put(...bytes: readonly number[]): void {
    for (const byte of bytes) this.bytes.push(byte);
  }

  private unlikely(...instruction: readonly number[]): void {
    this.unlikelyAt.push(this.bytes.length);
    this.put(...instruction);
  }

  private take(): CheckCode {
    const { bytes, unlikelyAt } = this;
    this.bytes = [];
    this.unlikelyAt = [];
    return { bytes, unlikelyAt };
  }
}
