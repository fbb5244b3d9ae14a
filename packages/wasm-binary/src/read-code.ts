import { ByteReader } from './byte-reader.js';
import { type CodeEvents, eventKinds, eventWidth } from './code-events.js';
import { EngineLoad } from './engine-load.js';
import { formatLimits } from './format-limits.js';
import { arityCost, atomicCost, bulkCost, localsCost, memoryGrowCost, miscCost, opcodeCosts, vectorCosts } from './fuel-cost.js';
import { immediates, immediatesOf, miscOpcodes, opcodes, refusedOpcode, unknownOpcode } from './instructions.js';
import { readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

/** Cost after which a stretch without any event gets one, so that a check can go in. */
const markDistance = 200;

/** What a function or a type of functions takes and gives. */
export interface Arity {
  readonly params: number;
  readonly results: number;
}

/** Of the indices that code names; undefined for one that does not exist. */
export interface Arities {
  ofType(typeIndex: number): Arity | undefined;
  ofFunction(functionIndex: number): Arity | undefined;
}

/** The function that is to be read. */
export interface FunctionHead {
  readonly arity: Arity;
  /** Parameters included. */
  readonly localCount: number;
  /** Locals that are references. */
  readonly referenceCount: number;
}

const noArity: Arity = { params: 0, results: 0 };
const oneResult: Arity = { params: 0, results: 1 };

/**
 * Reads the code of functions into events.
 *
 * It is read once, byte by byte, and most of the time that rewriting takes is spent here; hence the bare offsets. It is
 * safe on any bytes, never loops and never allocates more than in proportion to them, but understands only valid code:
 * what it makes of other code means nothing.
 */
export class CodeReader {
  /** Functions whose reference the code takes. */
  readonly referenced = new Set<number>();
  /** The first instruction that changes a table or drops a segment, by name. */
  lastingChange: string | undefined;

  private readonly bytes: Uint8Array;
  private readonly events: CodeEvents;
  private at = 0;
  private cost = 0;
  private depth = 0;
  /** Of the function and the blocks in it that are open, by depth: the values that a branch to it takes along, and all it takes and gives. */
  private readonly labelArities: number[] = [];
  private readonly blockArities: number[] = [];
  /** Of the block whose type was read last. */
  private blockArity: Arity = noArity;
  private readonly tryDepths: number[] = [];
  private readonly load = new EngineLoad();
  private readonly loopDepths: number[] = [];
  /** The events of the loops that are open. */
  private readonly loopEvents: number[] = [];

  private readonly arities: Arities;

  constructor(bytes: Uint8Array, events: CodeEvents, arities: Arities) {
    this.bytes = bytes;
    this.events = events;
    this.arities = arities;
  }

  /**
   * Reads the instructions of one function, from behind its locals to its end. Throws `WasmFormatError` for opcodes it
   * does not know, blocks that are nested too deep or never end, code behind the end, and what the engine would need too
   * much memory for.
   */
  read(start: number, end: number, { arity, localCount, referenceCount }: FunctionHead): void {
    const { bytes } = this;
    this.depth = 1;
    this.labelArities[0] = arity.results;
    this.blockArities[0] = 0;
    this.loopDepths.length = 0;
    this.loopEvents.length = 0;
    this.tryDepths.length = 0;
    this.load.beginFunction();
    this.load.addValues(arity.params + arity.results, start);
    this.load.addValues(referenceCount, start);
    let at = start;
    let cost = localsCost(localCount - arity.params);
    while (at < end) {
      const opcode = bytes[at] ?? 0;
      cost += opcodeCosts[opcode] ?? 1;
      const follows = immediatesOf[opcode];
      at += 1;
      if (follows === immediates.leb) {
        while ((bytes[at] ?? 0) >= 0x80) at += 1;
        at += 1;
      } else if (follows === immediates.memoryArgument && (bytes[at] ?? 0) < 0x40) {
        at += 1;
        while ((bytes[at] ?? 0) >= 0x80) at += 1;
        at += 1;
      } else if (follows !== immediates.none) {
        this.at = at;
        this.cost = cost;
        this.unusual(opcode, follows ?? immediates.refused, end);
        at = this.at;
        cost = this.cost;
      }
      if (cost > markDistance) {
        this.events.push(eventKinds.mark, at, cost, 0);
        cost = 0;
      }
    }
    this.at = at;
    if (this.at > end) throw new WasmFormatError('an instruction goes beyond the end of its function', end);
    if (this.depth > 0) throw new WasmFormatError('a block without an end', end);
    this.load.endFunction(localCount, start);
  }

  /** What does not come often enough to be read on the spot. */
  private unusual(opcode: number, follows: number, end: number): void {
    const at = this.at - 1;
    switch (follows) {
      case immediates.control:
        this.control(opcode, at, end);
        return;
      case immediates.memoryArgument:
        this.skipMemoryArgument();
        return;
      case immediates.fourBytes:
        this.at += 4;
        return;
      case immediates.eightBytes:
        this.at += 8;
        return;
      default:
        throw refusedOpcode(opcode, at);
    }
  }

  private control(opcode: number, at: number, end: number): void {
    switch (opcode) {
      case opcodes.unreachable:
        this.emit(eventKinds.unreachable, at, 0);
        return;
      case opcodes.block:
        this.skipBlockType();
        this.open(eventKinds.block, at, 0);
        return;
      case opcodes.loop:
        this.skipBlockType();
        this.openLoop(at);
        return;
      case opcodes.if:
        this.skipBlockType();
        this.open(eventKinds.if, at, 0);
        return;
      case opcodes.try:
        this.skipBlockType();
        this.open(eventKinds.try, at, 0);
        return;
      case opcodes.tryTable:
        this.readTryTable(at);
        return;
      case opcodes.else:
        this.load.addWay();
        this.emit(eventKinds.else, at, 0);
        return;
      case opcodes.catch:
        this.skipLeb();
        this.load.addWay();
        this.emit(eventKinds.catch, at, 0);
        return;
      case opcodes.catchAll:
        this.load.addWay();
        this.emit(eventKinds.catch, at, 0);
        return;
      case opcodes.end:
        this.close(at, end);
        return;
      case opcodes.delegate:
        this.skipLeb();
        this.close(at, end);
        return;
      case opcodes.throw:
      case opcodes.rethrow:
        this.skipLeb();
        this.emit(eventKinds.throw, at, 0);
        return;
      case opcodes.throwRef:
        this.emit(eventKinds.throw, at, 0);
        return;
      case opcodes.br:
        this.emitLabel(eventKinds.jump);
        return;
      case opcodes.brIf:
        this.emitLabel(eventKinds.branch);
        return;
      case opcodes.brTable:
        this.readBranchTable(at);
        return;
      case opcodes.return:
        this.emit(eventKinds.return, at, 0);
        return;
      case opcodes.call:
        this.call(eventKinds.call, at);
        return;
      case opcodes.returnCall:
        this.call(eventKinds.call, at);
        this.emit(eventKinds.unreachable, this.at, 0);
        return;
      case opcodes.callIndirect:
        this.call(eventKinds.callIndirect, at);
        this.skipLeb();
        return;
      case opcodes.returnCallIndirect:
        this.call(eventKinds.callIndirect, at);
        this.skipLeb();
        this.emit(eventKinds.unreachable, this.at, 0);
        return;
      default:
        this.other(opcode, at, end);
    }
  }

  private other(opcode: number, at: number, end: number): void {
    switch (opcode) {
      case opcodes.selectTyped:
      case opcodes.refNull:
        this.readTypes(opcode, end);
        return;
      case opcodes.tableSet:
        this.skipLeb();
        this.noteChange('table.set');
        return;
      case opcodes.refFunc:
        this.referenced.add(this.u32());
        return;
      case opcodes.memorySize:
        this.skipLeb();
        this.emit(eventKinds.memorySize, at, this.at);
        return;
      case opcodes.memoryGrow:
        this.skipLeb();
        this.cost += memoryGrowCost;
        this.emit(eventKinds.memoryGrow, at, this.at);
        return;
      case opcodes.miscPrefix:
        this.misc(at);
        return;
      case opcodes.vectorPrefix:
        this.vector(at);
        return;
      case opcodes.atomicPrefix:
        this.atomic(at);
        return;
      default:
        throw refusedOpcode(opcode, at);
    }
  }

  private call(kind: typeof eventKinds.call | typeof eventKinds.callIndirect, at: number): void {
    const index = this.u32();
    const { params, results } = (kind === eventKinds.call ? this.arities.ofFunction(index) : this.arities.ofType(index)) ?? noArity;
    // The parameters were put there one by one, or counted as somebody's results.
    this.load.addValues(results, at);
    this.cost += arityCost(params + results);
    if (this.tryDepths.length > 0) this.load.addWay();
    this.emit(kind, at, index);
  }

  /** What a block takes and gives is paid on entering it, each time round if it is a loop, and behind it. */
  private open(kind: number, at: number, argument: number): void {
    const { params, results } = this.blockArity;
    const isLoop = kind === eventKinds.loop;
    this.labelArities[this.depth] = isLoop ? params : results;
    this.blockArities[this.depth] = params + results;
    this.depth += 1;
    if (this.depth > formatLimits.nesting) throw new WasmFormatError(`blocks are nested deeper than ${formatLimits.nesting}`, at);
    if (kind !== eventKinds.block) this.load.addWay();
    if (kind === eventKinds.try) this.tryDepths.push(this.depth);
    this.load.addValues(params + results, at);
    this.emit(kind, at, argument);
    this.cost = arityCost(params + results);
  }

  private openLoop(at: number): void {
    this.open(eventKinds.loop, at, 0);
    this.load.beginLoop();
    this.loopDepths.push(this.depth);
    this.loopEvents.push(this.events.length - eventWidth);
    if (this.loopDepths.length > formatLimits.loopNesting) {
      throw new WasmFormatError(`loops are nested deeper than ${formatLimits.loopNesting}`, at);
    }
  }

  private close(at: number, end: number): void {
    this.emit(eventKinds.end, at, 0);
    if (this.loopDepths.at(-1) === this.depth) {
      this.loopDepths.pop();
      const loop = this.loopEvents.pop() ?? 0;
      const { numbers } = this.events;
      this.load.endLoop(at - (numbers[loop + 1] ?? at));
      numbers[loop + 3] = this.events.length - eventWidth;
    }
    if (this.tryDepths.at(-1) === this.depth) this.tryDepths.pop();
    this.depth -= 1;
    this.cost = arityCost(this.blockArities[this.depth] ?? 0);
    if (this.depth === 0 && this.at < end) throw new WasmFormatError('code behind the end of a function', this.at);
  }

  private emit(kind: number, at: number, argument: number): void {
    this.events.push(kind, at, this.cost, argument);
    this.cost = 0;
  }

  private emitLabel(kind: number): void {
    const { at } = this;
    const label = this.u32();
    this.load.addWay();
    this.load.addValues(this.labelArities[this.depth - 1 - label] ?? 0, at);
    this.emit(kind, at, label);
  }

  private readBranchTable(at: number): void {
    this.emit(eventKinds.mark, at, 0);
    const count = this.u32();
    if (count > formatLimits.branchTargets)
      throw new WasmFormatError(`${count} branch targets; at most ${formatLimits.branchTargets} are accepted`, at);
    for (let left = count; left >= 0; left -= 1) this.emitLabel(eventKinds.target);
    this.emit(eventKinds.unreachable, this.at, 0);
  }

  private readTryTable(at: number): void {
    this.emit(eventKinds.mark, at, 0);
    this.skipBlockType();
    const count = this.u32();
    if (count > formatLimits.branchTargets)
      throw new WasmFormatError(`${count} catch clauses; at most ${formatLimits.branchTargets} are accepted`, at);
    for (let left = count; left > 0; left -= 1) {
      const kind = this.bytes[this.at] ?? 0;
      if (kind > 3) throw new WasmFormatError(`unknown catch clause ${kind}`, this.at);
      this.at += 1;
      const hasTag = kind < 2;
      if (hasTag) this.skipLeb();
      this.emitLabel(eventKinds.catchTarget);
    }
    this.open(eventKinds.try, at, 0);
  }

  private misc(at: number): void {
    const second = this.u32();
    this.cost += miscCost;
    switch (second) {
      case miscOpcodes.memoryInit:
      case miscOpcodes.memoryCopy:
      case miscOpcodes.memoryFill:
        this.skipLeb();
        if (second !== miscOpcodes.memoryFill) this.skipLeb();
        this.cost += bulkCost;
        this.emit(eventKinds.bulkMemory, at, 0);
        return;
      case miscOpcodes.tableInit:
      case miscOpcodes.tableCopy:
      case miscOpcodes.tableGrow:
      case miscOpcodes.tableFill:
        this.skipLeb();
        if (second === miscOpcodes.tableInit || second === miscOpcodes.tableCopy) this.skipLeb();
        this.cost += bulkCost;
        this.emit(eventKinds.bulkTable, at, 0);
        this.noteChange(tableChanges[second] ?? 'table.fill');
        return;
      case miscOpcodes.dataDrop:
      case miscOpcodes.elemDrop:
        this.skipLeb();
        this.noteChange(second === miscOpcodes.dataDrop ? 'data.drop' : 'elem.drop');
        return;
      case miscOpcodes.tableSize:
        this.skipLeb();
        return;
      default:
        if (second > miscOpcodes.tableFill) throw unknownOpcode(`0xfc ${second}`, at);
    }
  }

  /** SIMD and relaxed SIMD: https://github.com/WebAssembly/simd/blob/main/proposals/simd/BinarySIMD.md */
  private vector(at: number): void {
    const second = this.u32();
    if (second >= vectorCosts.length) throw unknownOpcode(`0xfd ${second}`, at);
    const isLaneLoadOrStore = second >= 84 && second <= 91;
    if (second <= 11 || second === 92 || second === 93 || isLaneLoadOrStore) this.skipMemoryArgument();
    if (second === 12 || second === 13) this.at += 16;
    else if ((second >= 21 && second <= 34) || isLaneLoadOrStore) this.at += 1;
    this.cost += vectorCosts[second] ?? 2;
  }

  /** Most atomic instructions are valid on a memory that is not shared, and some toolchains emit them; waiting is not for us. */
  private atomic(at: number): void {
    const second = this.u32();
    if (second <= 2) throw new WasmFormatError('memory.atomic.wait and notify (threads) are not supported', at);
    if (second === 3) this.at += 1;
    else if (second >= 0x10 && second <= 0x4e) this.skipMemoryArgument();
    else throw unknownOpcode(`0xfe ${second}`, at);
    this.cost += atomicCost;
  }

  /** The types of a typed `select`, or the one of `ref.null`. */
  private readTypes(opcode: number, end: number): void {
    const reader = new ByteReader(this.bytes, this.at, end);
    const count = opcode === opcodes.refNull ? 1 : reader.count('types of select', 1_000);
    for (let left = count; left > 0; left -= 1) readValueType(reader);
    this.at = reader.offset;
  }

  private skipBlockType(): void {
    const byte = this.bytes[this.at] ?? 0;
    // One byte with the sign bit of a LEB128 set is a value type, or none; anything else the index of a function type.
    const isValueType = (byte & 0xc0) === 0x40 && byte !== 0x40;
    if (byte === 0x40 || isValueType) {
      if (isValueType) readValueType(new ByteReader(this.bytes, this.at, Math.min(this.at + 1, this.bytes.length)));
      this.blockArity = isValueType ? oneResult : noArity;
      this.at += 1;
      return;
    }
    this.blockArity = this.arities.ofType(this.u32()) ?? noArity;
  }

  private skipMemoryArgument(): void {
    const flags = this.u32();
    const hasMemoryIndex = (flags & 0x40) !== 0;
    if (hasMemoryIndex) this.skipLeb();
    this.skipLeb();
  }

  private skipLeb(): void {
    const { bytes } = this;
    let { at } = this;
    while ((bytes[at] ?? 0) >= 0x80) at += 1;
    this.at = at + 1;
  }

  private u32(): number {
    const { bytes } = this;
    const first = bytes[this.at] ?? 0;
    if (first < 0x80) {
      this.at += 1;
      return first;
    }
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[this.at] ?? 0;
      this.at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new WasmFormatError('integer too long', this.at);
  }

  private noteChange(name: string): void {
    this.lastingChange ??= name;
  }
}

const tableChanges: Readonly<Record<number, string>> = {
  [miscOpcodes.tableInit]: 'table.init',
  [miscOpcodes.tableCopy]: 'table.copy',
  [miscOpcodes.tableGrow]: 'table.grow',
};
