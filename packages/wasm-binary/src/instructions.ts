import { WasmFormatError } from './wasm-format-error.js';

/** Opcodes that the reader of code treats by name. */
export const opcodes = {
  unreachable: 0x00,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  try: 0x06,
  catch: 0x07,
  throw: 0x08,
  rethrow: 0x09,
  throwRef: 0x0a,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  brTable: 0x0e,
  return: 0x0f,
  call: 0x10,
  callIndirect: 0x11,
  returnCall: 0x12,
  returnCallIndirect: 0x13,
  delegate: 0x18,
  catchAll: 0x19,
  selectTyped: 0x1c,
  tryTable: 0x1f,
  globalSet: 0x24,
  tableSet: 0x26,
  memorySize: 0x3f,
  memoryGrow: 0x40,
  refNull: 0xd0,
  refFunc: 0xd2,
  miscPrefix: 0xfc,
  vectorPrefix: 0xfd,
  atomicPrefix: 0xfe,
} as const;

/** Second opcodes behind `miscPrefix`. */
export const miscOpcodes = {
  memoryInit: 8,
  dataDrop: 9,
  memoryCopy: 10,
  memoryFill: 11,
  tableInit: 12,
  elemDrop: 13,
  tableCopy: 14,
  tableGrow: 15,
  tableSize: 16,
  tableFill: 17,
} as const;

/** What follows an opcode. `control` has an event of its own or a shape of its own; what has no entry is refused. */
export const immediates = {
  refused: 0,
  none: 1,
  leb: 2,
  twoLebs: 3,
  memoryArgument: 4,
  fourBytes: 5,
  eightBytes: 6,
  control: 7,
} as const;

/**
 * The immediates of each opcode of WebAssembly 3.0 with the legacy exceptions of V8, without those of the GC and typed
 * function references proposals: https://webassembly.github.io/spec/core/appendix/index-instructions.html
 */
export const immediatesOf: Uint8Array = buildImmediates();

/** Why there is no entry for `opcode`. */
export function refusedOpcode(opcode: number, at: number): WasmFormatError {
  if (opcode === 0xfb || opcode === 0xd3) {
    return new WasmFormatError('an instruction of the GC, custom descriptors or stringref proposal is not supported', at);
  }
  if (opcode === 0x14 || opcode === 0x15 || (opcode >= 0xd4 && opcode <= 0xd6)) {
    return new WasmFormatError('an instruction of the typed function references proposal is not supported', at);
  }
  if (opcode >= 0xe0 && opcode <= 0xe6) return new WasmFormatError('an instruction of the stack switching proposal is not supported', at);
  return unknownOpcode(`0x${opcode.toString(16)}`, at);
}

export function unknownOpcode(opcode: string, at: number): WasmFormatError {
  return new WasmFormatError(`unknown opcode ${opcode}`, at);
}

function buildImmediates(): Uint8Array {
  const table = new Uint8Array(256).fill(immediates.refused);
  const set = (immediate: number, ...codes: number[]): void => {
    for (const code of codes) table[code] = immediate;
  };
  const range = (immediate: number, first: number, last: number): void => {
    table.fill(immediate, first, last + 1);
  };
  range(immediates.control, 0x00, 0x13);
  set(immediates.none, 0x01);
  set(immediates.control, opcodes.delegate, opcodes.catchAll, opcodes.selectTyped, opcodes.tryTable);
  set(immediates.none, 0x1a, 0x1b, 0xd1);
  range(immediates.leb, 0x20, 0x25);
  set(immediates.control, opcodes.tableSet, opcodes.memorySize, opcodes.memoryGrow, opcodes.refNull, opcodes.refFunc);
  range(immediates.memoryArgument, 0x28, 0x3e);
  set(immediates.leb, 0x41, 0x42);
  set(immediates.fourBytes, 0x43);
  set(immediates.eightBytes, 0x44);
  range(immediates.none, 0x45, 0xc4);
  set(immediates.control, opcodes.miscPrefix, opcodes.vectorPrefix, opcodes.atomicPrefix);
  return table;
}
