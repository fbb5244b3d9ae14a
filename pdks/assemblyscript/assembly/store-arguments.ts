import { encodeBase64 } from "./base64";
import { quote } from "./json-text";
import { Memory } from "./memory";

/** What writes of maps and datastores take. A time to live of 0 means that the key stays. */

export function textEntry(key: string, value: string, ttlMs: u64): Memory {
  return Memory.allocateString('{"key":' + quote(key) + ',"value":' + quote(value) + ttl(ttlMs) + "}");
}

export function bytesEntry(key: string, value: Uint8Array, ttlMs: u64): Memory {
  return Memory.allocateString('{"key":' + quote(key) + ',"value_base64":"' + encodeBase64(value) + '"' + ttl(ttlMs) + "}");
}

export function swapEntry(key: string, expected: string | null, value: string, ttlMs: u64): Memory {
  const before = expected === null ? "" : ',"expected":' + quote(expected);
  return Memory.allocateString('{"key":' + quote(key) + before + ',"value":' + quote(value) + ttl(ttlMs) + "}");
}

export function incrementEntry(key: string, by: i64): Memory {
  return Memory.allocateString('{"key":' + quote(key) + ',"incr":"' + by.toString() + '"}');
}

export function expiryEntry(key: string, afterMs: i64): Memory {
  return Memory.allocateString('{"key":' + quote(key) + ',"pttl":"' + afterMs.toString() + '"}');
}

export function keyList(keys: string[]): Memory {
  return Memory.allocateString('{"keys":[' + keys.map<string>((key) => quote(key)).join(",") + "]}");
}

function ttl(ttlMs: u64): string {
  return ttlMs == 0 ? "" : ',"ttl":' + ttlMs.toString();
}
