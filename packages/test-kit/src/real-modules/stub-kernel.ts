import type { HostFunction } from './stub-wasi.js';

const arenaBytes = 1024 * 1024;
const firstPointer = 16;

/** What a call through the stub kernel gets and gives. */
export interface StubKernel {
  readonly functions: Readonly<Record<string, HostFunction>>;
  /** Begins a call: all blocks are free again. */
  begin(input: string): void;
  /** What the call has set as its output. */
  output(): string;
}

/**
 * The Extism kernel over one buffer, with as much as the guests of the corpus use: `http_request` answers 200 and
 * `httpBody`, maps are empty and forget what they are told. Pointers are positions in the buffer.
 */
export function stubKernel(httpBody: string): StubKernel {
  const arena = Buffer.alloc(arenaBytes);
  const lengths = new Map<number, number>();
  let top = firstPointer;
  let inputAt = 0;
  let outputText = '';

  const allocate = (length: number): number => {
    if (top + length > arenaBytes) throw new Error('the stub kernel is full');
    const pointer = top;
    lengths.set(pointer, length);
    top += Math.max(8, Math.ceil(length / 8) * 8);
    return pointer;
  };
  const allocateText = (text: string): number => {
    const pointer = allocate(Buffer.byteLength(text));
    arena.write(text, pointer);
    return pointer;
  };
  const lengthOf = (pointer: bigint): bigint => BigInt(lengths.get(Number(pointer)) ?? 0);

  return {
    begin(input) {
      arena.fill(0);
      lengths.clear();
      top = firstPointer;
      inputAt = allocateText(input);
      outputText = '';
    },
    output: () => outputText,
    functions: {
      alloc: (length: bigint) => BigInt(allocate(Number(length))),
      free: () => undefined,
      length: lengthOf,
      length_unsafe: lengthOf,
      load_u8: (at: bigint) => arena.readUInt8(Number(at)),
      load_u64: (at: bigint) => arena.readBigUInt64LE(Number(at)),
      store_u8: (at: bigint, value: number) => void arena.writeUInt8(value & 0xff, Number(at)),
      store_u64: (at: bigint, value: bigint) => void arena.writeBigUInt64LE(BigInt.asUintN(64, value), Number(at)),
      input_length: () => lengthOf(BigInt(inputAt)),
      input_load_u8: (at: bigint) => arena.readUInt8(inputAt + Number(at)),
      input_load_u64: (at: bigint) => arena.readBigUInt64LE(inputAt + Number(at)),
      output_set: (pointer: bigint, length: bigint) => {
        outputText = arena.toString('utf8', Number(pointer), Number(pointer) + Number(length));
        return undefined;
      },
      http_request: () => BigInt(allocateText(httpBody)),
      http_status_code: () => 200,
      http_headers: () => 0n,
      proxy_plugin_map_get: () => 0n,
      proxy_plugin_map_set: () => 0n,
    },
  };
}
