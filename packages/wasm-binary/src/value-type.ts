import type { ByteReader } from './byte-reader.js';
import { WasmFormatError } from './wasm-format-error.js';

const valueTypes: ReadonlyMap<number, string> = new Map([
  [0x7f, 'i32'],
  [0x7e, 'i64'],
  [0x7d, 'f32'],
  [0x7c, 'f64'],
  [0x7b, 'v128'],
  [0x70, 'funcref'],
  [0x6f, 'externref'],
  [0x69, 'exnref'],
]);

/** The name of the value type at the reader. Types of the GC proposal are refused by name. */
export function readValueType(reader: ByteReader): string {
  const at = reader.offset;
  const byte = reader.u8();
  const name = valueTypes.get(byte);
  if (name !== undefined) return name;
  if (byte === 0x67) throw new WasmFormatError('a type of the stringref proposal is not supported', at);
  if (byte === 0x65) throw new WasmFormatError('a type of the shared-everything threads proposal is not supported', at);
  if (byte >= 0x62 && byte <= 0x74) throw new WasmFormatError('a type of the GC or typed function references proposal is not supported', at);
  throw new WasmFormatError(`unknown value type 0x${byte.toString(16)}`, at);
}

/** Minimum and maximum of a table or memory, in entries or pages. */
export interface Limits {
  readonly min: number;
  readonly max: number | undefined;
}

/** Reads limits. Memory64 and shared memory are refused by name. */
export function readLimits(reader: ByteReader): Limits {
  const at = reader.offset;
  const flags = reader.u8();
  if ((flags & 0x04) !== 0) throw new WasmFormatError('64-bit memories and tables (memory64) are not supported', at);
  if ((flags & 0x08) !== 0) throw new WasmFormatError('memories with pages of their own size are not supported', at);
  if ((flags & 0x02) !== 0) throw new WasmFormatError('shared memory (threads) is not supported', at);
  if (flags > 1) throw new WasmFormatError(`unknown limits 0x${flags.toString(16)}`, at);
  const min = reader.u32();
  return { min, max: flags === 1 ? reader.u32() : undefined };
}
