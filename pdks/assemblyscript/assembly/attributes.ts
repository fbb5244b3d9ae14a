import { proxy_clear_attrs, proxy_del_attr, proxy_get_attr, proxy_get_attrs, proxy_set_attr } from "./imports";
import { quote } from "./json-text";
import { Memory } from "./memory";

/** What the plugins of one request tell each other. Values are JSON texts. */
export namespace Attributes {
  /** All of them, as a JSON object. */
  export function all(): string {
    const block = Memory.find(proxy_get_attrs(0));
    return block === null ? "{}" : block.toString();
  }

  export function get(key: string): string | null {
    const block = Memory.allocateString(key);
    const value = Memory.find(proxy_get_attr(block.offset, block.length));
    return value === null ? null : value.toString();
  }

  /** False when it is not for plugins to set, or would be too much. */
  export function set(key: string, json: string): bool {
    const entry = Memory.allocateString('{"key":' + quote(key) + ',"value":' + json + "}");
    return proxy_set_attr(entry.offset, entry.length) == 1;
  }

  export function remove(key: string): bool {
    const block = Memory.allocateString(key);
    return proxy_del_attr(block.offset, block.length) == 1;
  }

  export function clear(): void {
    proxy_clear_attrs(0);
  }
}
