import { withText } from './call-host.js';
import { throwLastError } from './host-error.js';
import { add, type FoundKeys, findKeys, type KeyQuery, mapAnswers, readBytes, readText, type WriteOptions, write } from './store.js';

// The plugin's own map, kept from call to call: in the memory of a node, or in Redis where the plugin has `mapStore: "shared"`.
// Reading needs the grant `plugin_map:read`, writing `plugin_map:write`. Every function throws `HostError` when the store cannot do it.

/** The value as text; undefined when there is none, or an empty one. */
export function get(key: string): string | undefined {
  return readText(Host.getFunctions().proxy_plugin_map_get, key);
}

/** The value as it is; undefined when there is none, or an empty one. */
export function getBytes(key: string): Uint8Array | undefined {
  return readBytes(Host.getFunctions().proxy_plugin_map_get, key);
}

export function set(key: string, value: string | Uint8Array, options: WriteOptions = {}): void {
  write(Host.getFunctions().proxy_plugin_map_set, mapAnswers, { ...options, key, value });
}

/** False when the key was there: nothing has changed. */
export function setIfAbsent(key: string, value: string | Uint8Array, options: WriteOptions = {}): boolean {
  return write(Host.getFunctions().proxy_plugin_map_setnx, mapAnswers, { ...options, key, value });
}

/** Writes when the value is the expected one, or there is none and `expected` is undefined; false when it is not. */
export function compareAndSet(
  key: string,
  expected: string | Uint8Array | undefined,
  value: string | Uint8Array,
  options: WriteOptions = {},
): boolean {
  return write(Host.getFunctions().proxy_plugin_map_cas, mapAnswers, { ...options, key, expected, value });
}

/** Adds to a number, which begins at 0, and answers the sum. */
export function increment(key: string, by: number | bigint = 1): bigint {
  return add(Host.getFunctions().proxy_plugin_map_incrby, key, by);
}

export function keys(query: KeyQuery = {}): FoundKeys {
  return findKeys(Host.getFunctions().proxy_plugin_map_keys, query);
}

/** Whether it was there or not. */
export function remove(key: string): void {
  withText(Host.getFunctions().proxy_plugin_map_del, key);
  throwLastError();
}
