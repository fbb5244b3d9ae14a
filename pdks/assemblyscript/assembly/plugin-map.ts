import { proxy_plugin_map_cas, proxy_plugin_map_del, proxy_plugin_map_get, proxy_plugin_map_incrby, proxy_plugin_map_keys, proxy_plugin_map_set, proxy_plugin_map_setnx } from "./imports";
import { stringsIn } from "./json-text";
import { Memory } from "./memory";
import { bytesEntry, incrementEntry, swapEntry, textEntry } from "./store-arguments";

/**
 * What all instances of the plugin share, in the node's memory or in Redis as its `mapStore` says. Reading needs the grant `plugin_map:read`, writing `plugin_map:write`.
 * What cannot be done answers null, false or an empty list, and `Host.lastError` says why.
 */
export namespace PluginMap {
  /** Null when there is none, or when it is empty. */
  export function get(key: string): string | null {
    const value = find(key);
    return value === null ? null : value.toString();
  }

  export function getBytes(key: string): Uint8Array | null {
    const value = find(key);
    return value === null ? null : value.toUint8Array();
  }

  /** With a time to live in milliseconds, or 0 to stay. */
  export function set(key: string, value: string, ttlMs: u64 = 0): bool {
    const entry = textEntry(key, value, ttlMs);
    return proxy_plugin_map_set(entry.offset, entry.length) == 0;
  }

  export function setBytes(key: string, value: Uint8Array, ttlMs: u64 = 0): bool {
    const entry = bytesEntry(key, value, ttlMs);
    return proxy_plugin_map_set(entry.offset, entry.length) == 0;
  }

  /** False when the key was there. */
  export function setIfAbsent(key: string, value: string, ttlMs: u64 = 0): bool {
    const entry = textEntry(key, value, ttlMs);
    return proxy_plugin_map_setnx(entry.offset, entry.length) == 0;
  }

  /** Sets the value when it was `expected`, null for none; false when it was another. */
  export function compareAndSet(key: string, expected: string | null, value: string, ttlMs: u64 = 0): bool {
    const entry = swapEntry(key, expected, value, ttlMs);
    return proxy_plugin_map_cas(entry.offset, entry.length) == 0;
  }

  /** The new value, where a key that is not there counts as 0; `i64.MIN_VALUE` when it cannot be done. */
  export function increment(key: string, by: i64 = 1): i64 {
    const entry = incrementEntry(key, by);
    return proxy_plugin_map_incrby(entry.offset, entry.length);
  }

  /** The keys that match a pattern with `*`, `?` and `[a-c]`; all of them without one, but never more than 10,000. */
  export function keys(pattern: string = ""): string[] {
    const query = Memory.allocateString(pattern);
    const answer = Memory.find(proxy_plugin_map_keys(query.offset, query.length));
    if (answer === null) return [];
    const json = answer.toString();
    return json.startsWith("[") ? stringsIn(json) : [];
  }

  export function remove(key: string): void {
    const block = Memory.allocateString(key);
    proxy_plugin_map_del(block.offset, block.length);
  }

  function find(key: string): Memory | null {
    const block = Memory.allocateString(key);
    return Memory.find(proxy_plugin_map_get(block.offset, block.length));
  }
}
