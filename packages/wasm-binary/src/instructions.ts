import type { ByteReader } from './byte-reader.js';
import { readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

/** Opcodes the scanner treats by name. */
export const opcodes = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  try: 0x06,
  end: 0x0b,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  delegate: 0x18,
  tryTable: 0x1f,
  memoryGrow: 0x40,
  miscPrefix: 0xfc,
} as const;

/** Second opcodes after `miscPrefix` whose work grows with the number on top of the stack. */
export const bulkOpcodes: ReadonlySet<number> = new Set([
  8, // memory.init
  10, // memory.copy
  11, // memory.fill
  12, // table.init
  14, // table.copy
  15, // table.grow
  17, // table.fill
]);

type Immediate =
  | 'none'
  | 'blockType'
  | 'index'
  | 'twoIndices'
  | 'branchTable'
  | 'valueTypes'
  | 'tryTable'
  | 'memoryArgument'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'heapType'
  | 'misc'
  | 'vector'
  | 'atomic';

/** What follows each opcode; an opcode without an entry is refused. */
const immediates: readonly (Immediate | undefined)[] = buildImmediates();

/**
 * Passes over the immediates of `opcode`, which was read from `at`, and answers its second opcode if it has one, else -1.
 *
 * Follows the binary format of WebAssembly 3.0 with the legacy exceptions of V8. Throws `WasmFormatError` for opcodes of
 * the GC and typed function references proposals, by name, and for unknown ones.
 */
export function skipImmediates(reader: ByteReader, opcode: number, at: number): number {
  switch (immediates[opcode]) {
    case 'none':
      return -1;
    case 'index':
    case 'i32':
      reader.skipLeb(32);
      return -1;
    case 'i64':
      reader.skipLeb(64);
      return -1;
    case 'memoryArgument':
      skipMemoryArgument(reader);
      return -1;
    case 'blockType':
      skipBlockType(reader);
      return -1;
    case 'twoIndices':
      reader.skipLeb(32);
      reader.skipLeb(32);
      return -1;
    case 'branchTable':
      skipBranchTable(reader);
      return -1;
    case 'f32':
      reader.skip(4);
      return -1;
    case 'f64':
      reader.skip(8);
      return -1;
    case 'valueTypes':
      for (let left = reader.count('types of select', 1_000); left > 0; left -= 1) readValueType(reader);
      return -1;
    case 'tryTable':
      skipTryTable(reader);
      return -1;
    case 'heapType':
      readValueType(reader);
      return -1;
    case 'misc':
      return skipMisc(reader, at);
    case 'vector':
      return skipVector(reader, at);
    case 'atomic':
      return skipAtomic(reader, at);
    case undefined:
      throw unsupported(opcode, at);
  }
}

function unsupported(opcode: number, at: number): WasmFormatError {
  if (opcode === 0xfb || opcode === 0xd3) return new WasmFormatError('an instruction of the GC proposal is not supported', at);
  if (opcode === 0x14 || opcode === 0x15 || (opcode >= 0xd4 && opcode <= 0xd6)) {
    return new WasmFormatError('an instruction of the typed function references proposal is not supported', at);
  }
  return unknown(`0x${opcode.toString(16)}`, at);
}

function unknown(opcode: string, at: number): WasmFormatError {
  return new WasmFormatError(`unknown opcode ${opcode}`, at);
}

function skipBlockType(reader: ByteReader): void {
  const byte = reader.peek();
  if (byte === 0x40) reader.skip(1);
  // One byte with the sign bit of a LEB128 set is a value type, anything else the index of a function type.
  else if ((byte & 0xc0) === 0x40) readValueType(reader);
  else reader.skipLeb(33);
}

function skipMemoryArgument(reader: ByteReader): void {
  const flags = reader.u32();
  const hasMemoryIndex = (flags & 0x40) !== 0;
  if (hasMemoryIndex) reader.skipLeb(32);
  reader.skipLeb(32);
}

function skipBranchTable(reader: ByteReader): void {
  const targets = reader.count('branch targets', 65_520);
  for (let left = targets; left >= 0; left -= 1) reader.skipLeb(32);
}

function skipTryTable(reader: ByteReader): void {
  skipBlockType(reader);
  for (let left = reader.count('catch clauses', 65_520); left > 0; left -= 1) {
    const at = reader.offset;
    const kind = reader.u8();
    if (kind > 3) throw new WasmFormatError(`unknown catch clause ${kind}`, at);
    const hasTag = kind < 2;
    if (hasTag) reader.skipLeb(32);
    reader.skipLeb(32);
  }
}

function skipMisc(reader: ByteReader, at: number): number {
  const second = reader.u32();
  if (second <= 7) return second;
  if (second === 8 || second === 10 || second === 12 || second === 14) {
    reader.skipLeb(32);
    reader.skipLeb(32);
    return second;
  }
  if (second > 17) throw unknown(`0xfc ${second}`, at);
  reader.skipLeb(32);
  return second;
}

/** SIMD and relaxed SIMD: https://github.com/WebAssembly/simd/blob/main/proposals/simd/BinarySIMD.md */
function skipVector(reader: ByteReader, at: number): number {
  const second = reader.u32();
  const isLoadOrStore = second <= 11 || second === 92 || second === 93;
  const isLaneLoadOrStore = second >= 84 && second <= 91;
  if (isLoadOrStore || isLaneLoadOrStore) skipMemoryArgument(reader);
  if (second === 12 || second === 13) reader.skip(16);
  else if ((second >= 21 && second <= 34) || isLaneLoadOrStore) reader.skip(1);
  else if (second > 0x113) throw unknown(`0xfd ${second}`, at);
  return second;
}

/** Atomic instructions are valid on a memory that is not shared, and some toolchains emit them. */
function skipAtomic(reader: ByteReader, at: number): number {
  const second = reader.u32();
  if (second === 3) reader.skip(1);
  else if (second <= 2 || (second >= 0x10 && second <= 0x4e)) skipMemoryArgument(reader);
  else throw unknown(`0xfe ${second}`, at);
  return second;
}

function buildImmediates(): (Immediate | undefined)[] {
  const table = new Array<Immediate | undefined>(256).fill(undefined);
  const set = (immediate: Immediate, ...codes: number[]): void => {
    for (const code of codes) table[code] = immediate;
  };
  const range = (immediate: Immediate, first: number, last: number): void => {
    table.fill(immediate, first, last + 1);
  };
  set('none', 0x00, 0x01, 0x05, 0x0a, 0x0b, 0x0f, 0x19, 0x1a, 0x1b, 0xd1);
  set('blockType', opcodes.block, opcodes.loop, opcodes.if, opcodes.try);
  set('index', 0x07, 0x08, 0x09, 0x0c, 0x0d, opcodes.call, opcodes.returnCall, opcodes.delegate, 0xd2);
  range('index', 0x20, 0x26);
  set('index', 0x3f, opcodes.memoryGrow);
  set('branchTable', 0x0e);
  set('twoIndices', opcodes.callIndirect, opcodes.returnCallIndirect);
  set('valueTypes', 0x1c);
  set('tryTable', opcodes.tryTable);
  range('memoryArgument', 0x28, 0x3e);
  set('i32', 0x41);
  set('i64', 0x42);
  set('f32', 0x43);
  set('f64', 0x44);
  range('none', 0x45, 0xc4);
  set('heapType', 0xd0);
  set('misc', opcodes.miscPrefix);
  set('vector', 0xfd);
  set('atomic', 0xfe);
  return table;
}
