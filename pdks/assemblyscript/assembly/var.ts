import { var_get, var_set } from "./lib/env";
import { Memory } from "./memory";

/** Values that stay from one call of an instance to its next. For what must last longer there are the maps and datastores. */
export namespace Var {
  export function get(key: string): Uint8Array | null {
    const block = getMemory(key);
    return block === null ? null : block.toUint8Array();
  }

  export function getString(key: string): string | null {
    const block = getMemory(key);
    return block === null ? null : block.toString();
  }

  export function getMemory(key: string): Memory | null {
    return Memory.find(var_get(Memory.allocateString(key).offset));
  }

  export function set(key: string, value: Uint8Array): void {
    var_set(Memory.allocateString(key).offset, Memory.allocateBytes(value).offset);
  }

  export function setString(key: string, value: string): void {
    var_set(Memory.allocateString(key).offset, Memory.allocateString(value).offset);
  }

  export function remove(key: string): void {
    var_set(Memory.allocateString(key).offset, 0);
  }
}
