import type { ByteReader } from './byte-reader.js';
import { readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

/**
 * Passes over a constant expression, the extended ones included, and tells `onReference` of each function it names.
 *
 * Throws `WasmFormatError` for an instruction that no constant expression may hold.
 */
export function readConstantExpression(reader: ByteReader, onReference: (functionIndex: number) => void): void {
  for (;;) {
    const at = reader.offset;
    const opcode = reader.u8();
    switch (opcode) {
      case 0x0b: // end
        return;
      case 0x41: // i32.const
        reader.skipLeb(32);
        break;
      case 0x42: // i64.const
        reader.skipLeb(64);
        break;
      case 0x43: // f32.const
        reader.skip(4);
        break;
      case 0x44: // f64.const
        reader.skip(8);
        break;
      case 0x23: // global.get
        reader.u32();
        break;
      case 0xd0: // ref.null
        readValueType(reader);
        break;
      case 0xd2: // ref.func
        onReference(reader.u32());
        break;
      case 0xfd:
        readVectorConstant(reader, at);
        break;
      default: {
        const isArithmetic = (opcode >= 0x6a && opcode <= 0x6c) || (opcode >= 0x7c && opcode <= 0x7e);
        if (!isArithmetic) throw new WasmFormatError(`opcode 0x${opcode.toString(16)} in a constant expression is not supported`, at);
      }
    }
  }
}

function readVectorConstant(reader: ByteReader, at: number): void {
  if (reader.u32() !== 12) throw new WasmFormatError('a vector instruction in a constant expression is not supported', at);
  reader.skip(16);
}
