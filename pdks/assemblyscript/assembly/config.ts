import { config_get } from "./lib/env";
import { Memory } from "./memory";

/** The plugin's own `config`. */
export namespace Config {
  export function get(key: string): string | null {
    const block = getMemory(key);
    return block === null ? null : block.toString();
  }

  export function getMemory(key: string): Memory | null {
    return Memory.find(config_get(Memory.allocateString(key).offset));
  }
}
