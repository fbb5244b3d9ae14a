import {
  proxy_datastore_cas,
  proxy_datastore_del,
  proxy_datastore_exists,
  proxy_datastore_get,
  proxy_datastore_incrby,
  proxy_datastore_keys,
  proxy_datastore_pexpire,
  proxy_datastore_pttl,
  proxy_datastore_set,
  proxy_datastore_setnx,
} from "./imports";
import { stringsIn } from "./json-text";
import { Memory } from "./memory";
import { bytesEntry, expiryEntry, incrementEntry, keyList, swapEntry, textEntry } from "./store-arguments";

/**
 * The keys in Redis that all plugins of the workspace share. Reading needs the grant `global_datastore:read`, writing `global_datastore:write`.
 * What cannot be done answers null, false or an empty list, and `Host.lastError` says why.
 */
export namespace GlobalDatastore {
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
    return proxy_datastore_set(entry.offset, entry.length) == 1;
  }

  export function setBytes(key: string, value: Uint8Array, ttlMs: u64 = 0): bool {
    const entry = bytesEntry(key, value, ttlMs);
    return proxy_datastore_set(entry.offset, entry.length) == 1;
  }

  /** False when the key was there. */
  export function setIfAbsent(key: string, value: string, ttlMs: u64 = 0): bool {
    const entry = textEntry(key, value, ttlMs);
    return proxy_datastore_setnx(entry.offset, entry.length) == 1;
  }

  /** Sets the value when it was `expected`, null for none; false when it was another. */
  export function compareAndSet(key: string, expected: string | null, value: string, ttlMs: u64 = 0): bool {
    const entry = swapEntry(key, expected, value, ttlMs);
    return proxy_datastore_cas(entry.offset, entry.length) == 1;
  }

  /** The new value, where a key that is not there counts as 0; `i64.MIN_VALUE` when it cannot be done. */
  export function increment(key: string, by: i64 = 1): i64 {
    const entry = incrementEntry(key, by);
    return proxy_datastore_incrby(entry.offset, entry.length);
  }

  /** The keys that match a pattern with `*`, `?` and `[a-c]`; all of them without one, but never more than 10,000. */
  export function keys(pattern: string = ""): string[] {
    const query = Memory.allocateString(pattern);
    const answer = Memory.find(proxy_datastore_keys(query.offset, query.length));
    if (answer === null) return [];
    const json = answer.toString();
    return json.startsWith("[") ? stringsIn(json) : [];
  }

  /** How many of the keys there were; -1 when it cannot be done. At most 1,000 at a time. */
  export function remove(keys: string[]): i64 {
    const list = keyList(keys);
    return proxy_datastore_del(list.offset, list.length);
  }

  export function exists(key: string): bool {
    const block = Memory.allocateString(key);
    return proxy_datastore_exists(block.offset, block.length) == 1;
  }

  /** Milliseconds to live; -1 without an end, -2 when the key is not there, -3 when it cannot be told. */
  export function ttlMs(key: string): i64 {
    const block = Memory.allocateString(key);
    return proxy_datastore_pttl(block.offset, block.length);
  }

  /** Ends the key after so many milliseconds; false when it is not there. */
  export function expire(key: string, afterMs: i64): bool {
    const entry = expiryEntry(key, afterMs);
    return proxy_datastore_pexpire(entry.offset, entry.length) == 1;
  }

  function find(key: string): Memory | null {
    const block = Memory.allocateString(key);
    return Memory.find(proxy_datastore_get(block.offset, block.length));
  }
}
