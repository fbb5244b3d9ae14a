import { kernelBase64 } from './kernel.generated.js';

/** Functions guests import from the kernel as they are, wasm to wasm. */
const guestFunctionNames = [
  'alloc',
  'free',
  'length',
  'length_unsafe',
  'load_u8',
  'load_u64',
  'store_u8',
  'store_u64',
  'input_length',
  'input_offset',
  'input_load_u8',
  'input_load_u64',
  'output_set',
  'error_set',
  'error_get',
] as const;

interface KernelExports {
  readonly memory: WebAssembly.Memory;
  readonly limit: WebAssembly.Global;
  alloc(length: bigint): bigint;
  length(pointer: bigint): bigint;
  begin(length: number): number;
  top(): number;
  output(): bigint;
  output_length(): bigint;
  error_get(): bigint;
}

/** Above this much memory an instance is given up after its call: kernel memory is wiped, but never shrinks. */
const keptMaxBytes = 8 * 1024 * 1024;
/** No kernel grows beyond this, whatever the limits say. */
const kernelMaxBytes = 1024 * 1024 * 1024;

const encoder = new TextEncoder();
const kernelModule = new WebAssembly.Module(Buffer.from(kernelBase64, 'base64'));

/**
 * The blocks an instance and the host exchange: input, output, error, and what host functions take and give.
 *
 * A pointer is an offset into the kernel's memory and comes from the guest: every read is checked against what has been
 * allocated, and a block that lies outside is read as empty.
 */
export class Kernel {
  private readonly exports: KernelExports;
  private buffer: ArrayBuffer;
  private bytes: Uint8Array;

  /** `maxBytes`, or none yet: then `limitTo` says it. */
  constructor(maxBytes = 0) {
    this.exports = new WebAssembly.Instance(kernelModule).exports as unknown as KernelExports;
    this.limitTo(maxBytes);
    this.buffer = this.exports.memory.buffer;
    this.bytes = new Uint8Array(this.buffer);
  }

  /** How much memory it may take. */
  limitTo(maxBytes: number): void {
    this.exports.limit.value = BigInt(Math.min(Math.max(maxBytes, 65_536), kernelMaxBytes));
  }

  /** The kernel's own function to be linked under that name, or undefined when the host has to serve it. */
  guestFunction(name: string): unknown {
    return (guestFunctionNames as readonly string[]).includes(name) ? Reflect.get(this.exports, name) : undefined;
  }

  /** Wipes what the last call left and puts the input in place; false when the input does not fit. */
  begin(input: string | Uint8Array): boolean {
    const length = typeof input === 'string' ? Buffer.byteLength(input) : input.length;
    const offset = this.exports.begin(length);
    if (length === 0) return true;
    if (offset === 0) return false;
    const target = this.view().subarray(offset, offset + length);
    if (typeof input === 'string') encoder.encodeInto(input, target);
    else target.set(input);
    return true;
  }

  /** The output, or undefined when it is longer than `maxBytes`; empty when the guest set none. Same lifetime as `block`. */
  output(maxBytes: number): Uint8Array | undefined {
    const length = this.exports.output_length();
    if (BigInt.asUintN(64, length) > BigInt(maxBytes)) return undefined;
    return this.read(toOffset(this.exports.output()), Number(length));
  }

  /** The block the guest set as its error, or undefined. */
  error(): Uint8Array | undefined {
    const pointer = this.exports.error_get();
    return pointer === 0n ? undefined : this.block(toOffset(pointer));
  }

  /** The bytes of a block; a view that lasts until the guest runs again or anything is stored. */
  block(pointer: number): Uint8Array {
    return this.read(pointer, toOffset(this.exports.length(BigInt(pointer))));
  }

  /** Bytes anywhere among the blocks; empty when any of them lies outside. Same lifetime as `block`. */
  read(pointer: number, length: number): Uint8Array {
    const end = pointer + length;
    if (!(pointer > 0 && length >= 0 && end <= this.exports.top())) return new Uint8Array(0);
    return this.view().subarray(pointer, end);
  }

  /** Puts bytes into a new block and answers its pointer; 0 for empty bytes and when there is no room. */
  store(content: string | Uint8Array): number {
    const bytes = typeof content === 'string' ? encoder.encode(content) : content;
    const pointer = Number(this.exports.alloc(BigInt(bytes.length)));
    if (pointer !== 0) this.view().set(bytes, pointer);
    return pointer;
  }

  /** The size of its memory. */
  get memoryBytes(): number {
    return this.exports.memory.buffer.byteLength;
  }

  /** Whether its memory has grown so far that it should not be kept for another call. */
  get isOvergrown(): boolean {
    return this.memoryBytes > keptMaxBytes;
  }

  /** Growing memory detaches the old buffer, so the view is looked up anew. */
  private view(): Uint8Array {
    const { buffer } = this.exports.memory;
    if (buffer !== this.buffer) {
      this.buffer = buffer;
      this.bytes = new Uint8Array(buffer);
    }
    return this.bytes;
  }
}

function toOffset(value: bigint): number {
  return Number(BigInt.asUintN(64, value));
}
