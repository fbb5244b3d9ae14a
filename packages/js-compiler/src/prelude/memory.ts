import { spanOf } from './bytes.js';
import { native } from './native.js';
import { expectCall } from './phase.js';

/** A block of the memory that guest and host share, as `Memory` of Extism's js-pdk has them. */
export class MemoryHandle {
  readonly offset: number;
  readonly len: number;

  constructor(offset: number, len: number) {
    this.offset = offset;
    this.len = len;
  }

  readString(): string {
    return native.loadString(this.offset, this.len);
  }

  readBytes(): ArrayBuffer {
    return native.loadBytes(this.offset, this.len);
  }

  readUInt32(): number {
    return this.view().getUint32(0, true);
  }

  readUInt64(): bigint {
    return this.view().getBigUint64(0, true);
  }

  readFloat32(): number {
    return this.view().getFloat32(0, true);
  }

  readFloat64(): number {
    return this.view().getFloat64(0, true);
  }

  readJsonObject(): unknown {
    return JSON.parse(this.readString());
  }

  free(): void {
    native.free(this.offset);
  }

  private view(): DataView {
    return new DataView(this.readBytes());
  }
}

/** Blocks of the memory that guest and host share. They last until the call is over. */
export const Memory = {
  fromString(text: unknown): MemoryHandle {
    return storeText(String(text));
  },

  fromBuffer(bytes: unknown): MemoryHandle {
    return storeBytes(bytes, 'Memory.fromBuffer');
  },

  fromJsonObject(value: unknown): MemoryHandle {
    return storeText(JSON.stringify(value));
  },

  fromUInt32(value: number): MemoryHandle {
    return storeNumber(4, (view) => view.setUint32(0, value, true));
  },

  fromUInt64(value: bigint): MemoryHandle {
    return storeNumber(8, (view) => view.setBigUint64(0, BigInt(value), true));
  },

  fromFloat32(value: number): MemoryHandle {
    return storeNumber(4, (view) => view.setFloat32(0, value, true));
  },

  fromFloat64(value: number): MemoryHandle {
    return storeNumber(8, (view) => view.setFloat64(0, value, true));
  },

  /** The block that a host function answered with. */
  find(offset: number | bigint): MemoryHandle {
    expectCall('Memory.find');
    const pointer = Number(offset);
    return new MemoryHandle(pointer, pointer === 0 ? 0 : native.length(pointer));
  },
};

export function storeText(text: string): MemoryHandle {
  expectCall('Memory');
  const offset = native.storeString(text);
  return new MemoryHandle(offset, offset === 0 ? 0 : native.length(offset));
}

export function storeBytes(bytes: unknown, what: string): MemoryHandle {
  expectCall('Memory');
  const { buffer, offset, length } = spanOf(bytes, what);
  return new MemoryHandle(native.storeBytes(buffer, offset, length), length);
}

/** The text of a block that the host answered with; undefined for none. */
export function takeText(block: number): string | undefined {
  return block === 0 ? undefined : native.loadString(block, native.length(block));
}

function storeNumber(size: number, write: (view: DataView) => void): MemoryHandle {
  const view = new DataView(new ArrayBuffer(size));
  write(view);
  return storeBytes(view, 'Memory');
}
