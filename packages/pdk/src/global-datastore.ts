import { withJson, withText } from './call-host.js';
import { throwLastError } from './host-error.js';
import { add, datastoreAnswers, type FoundKeys, findKeys, type KeyQuery, readBytes, readText, type WriteOptions, write } from './store.js';

// The datastore that all plugins share, in Redis: the same for all nodes.
// Reading needs the grant `global_datastore:read`, writing `global_datastore:write`. Every function throws `HostError` when the store cannot do it.

/** The value as text; undefined when there is none, or an empty one. */
export function get(key: string): string | undefined {
  return readText(Host.getFunctions().proxy_datastore_get, key);
}

/** The value as it is; undefined when there is none, or an empty one. */
export function getBytes(key: string): Uint8Array | undefined {
  return readBytes(Host.getFunctions().proxy_datastore_get, key);
}

export function set(key: string, value: string | Uint8Array, options: WriteOptions = {}): void {
  write(Host.getFunctions().proxy_datastore_set, datastoreAnswers, { ...options, key, value });
}

/** False when the key was there: nothing has changed. */
export function setIfAbsent(key: string, value: string | Uint8Array, options: WriteOptions = {}): boolean {
  return write(Host.getFunctions().proxy_datastore_setnx, datastoreAnswers, { ...options, key, value });
}

/** Writes when the value is the expected one, or there is none and `expected` is undefined; false when it is not. */
export function compareAndSet(
  key: string,
  expected: string | Uint8Array | undefined,
  value: string | Uint8Array,
  options: WriteOptions = {},
): boolean {
  return write(Host.getFunctions().proxy_datastore_cas, datastoreAnswers, { ...options, key, expected, value });
}

/** Adds to a number, which begins at 0, and answers the sum. */
export function increment(key: string, by: number | bigint = 1): bigint {
  return add(Host.getFunctions().proxy_datastore_incrby, key, by);
}

export function keys(query: KeyQuery = {}): FoundKeys {
  return findKeys(Host.getFunctions().proxy_datastore_keys, query);
}

/** How many of them were there; at most 1,000 at once. */
export function remove(...names: string[]): number {
  const removed = Number(withJson(Host.getFunctions().proxy_datastore_del, { keys: names }));
  throwLastError();
  return removed;
}

export function exists(key: string): boolean {
  const isThere = Number(withText(Host.getFunctions().proxy_datastore_exists, key)) === 1;
  throwLastError();
  return isThere;
}

/** Milliseconds that the key has left to live; undefined when it stays, -2 when it is not there. */
export function ttlMs(key: string): number | undefined {
  const leftMs = Number(withText(Host.getFunctions().proxy_datastore_pttl, key));
  throwLastError();
  return leftMs === -1 ? undefined : leftMs;
}

/** Sets the time to live; false when the key is not there. */
export function expire(key: string, afterMs: number): boolean {
  const isThere = Number(withJson(Host.getFunctions().proxy_datastore_pexpire, { key, pttl: afterMs })) === 1;
  throwLastError();
  return isThere;
}
