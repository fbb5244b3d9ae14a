/** A guest gave WASI a pointer outside of its memory. */
export class GuestMemoryFault extends Error {}

/** A guest's linear memory, read and written with every access checked; throws `GuestMemoryFault`. */
export class GuestMemory {
  private readonly memory: WebAssembly.Memory | undefined;
  private view: DataView<ArrayBuffer> | undefined;

  constructor(memory: WebAssembly.Memory | undefined) {
    this.memory = memory;
  }

  bytes(pointer: number, length: number): Uint8Array<ArrayBuffer> {
    const view = this.checked(pointer, length);
    return new Uint8Array(view.buffer, pointer, length);
  }

  u8(pointer: number): number {
    return this.checked(pointer, 1).getUint8(pointer);
  }

  u16(pointer: number): number {
    return this.checked(pointer, 2).getUint16(pointer, true);
  }

  u32(pointer: number): number {
    return this.checked(pointer, 4).getUint32(pointer, true);
  }

  u64(pointer: number): bigint {
    return this.checked(pointer, 8).getBigUint64(pointer, true);
  }

  setU8(pointer: number, value: number): void {
    this.checked(pointer, 1).setUint8(pointer, value);
  }

  setU16(pointer: number, value: number): void {
    this.checked(pointer, 2).setUint16(pointer, value, true);
  }

  setU32(pointer: number, value: number): void {
    this.checked(pointer, 4).setUint32(pointer, value, true);
  }

  setU64(pointer: number, value: bigint): void {
    this.checked(pointer, 8).setBigUint64(pointer, value, true);
  }

  /** Growing memory detaches its buffer, so the view is made anew when that has happened. */
  private checked(pointer: number, length: number): DataView<ArrayBuffer> {
    const buffer = this.memory?.buffer;
    if (buffer === undefined || pointer + length > buffer.byteLength) throw new GuestMemoryFault('pointer outside of the memory');
    if (this.view?.buffer !== buffer) this.view = new DataView(buffer);
    return this.view;
  }
}
