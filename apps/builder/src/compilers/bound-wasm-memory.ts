/** Whether any memory of this process wanted to grow beyond the bound. */
export interface MemoryBound {
  isReached: boolean;
}

interface GrowingMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

const pageBytes = 65_536;

/**
 * Keeps every WebAssembly memory of this process that JavaScript grows, as compilers made by Emscripten do, from growing
 * beyond `maxBytes`: they see that there is no more. The limit on the heap does not count such memory.
 */
export function boundWasmMemory(maxBytes: number): MemoryBound {
  const bound: MemoryBound = { isReached: false };
  // Node has it; TypeScript declares it for browsers only.
  const { prototype } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: GrowingMemory } } }).WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function growWithin(this: GrowingMemory, pages: number): number {
    if (this.buffer.byteLength + pages * pageBytes > maxBytes) {
      bound.isReached = true;
      throw new RangeError('the memory of this build is used up');
    }
    return grow.call(this, pages);
  };
  return bound;
}
