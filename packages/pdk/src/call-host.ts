import type { HostFunction } from './globals.js';

/** Calls a host function that takes a text. */
export function withText(call: HostFunction | undefined, text: string): number | bigint {
  if (call === undefined) throw new Error('the host has no such function');
  const { offset, len } = Memory.fromString(text);
  return call(offset, len);
}

export function withJson(call: HostFunction | undefined, value: unknown): number | bigint {
  return withText(call, JSON.stringify(value));
}

/** The text of the block that a host function answered; undefined for none. */
export function textAt(pointer: number | bigint): string | undefined {
  return pointer === 0 || pointer === 0n ? undefined : Memory.find(pointer).readString();
}

/** A value as host functions take it: a text as it is, bytes in base64. */
export function valueFields(name: string, value: string | Uint8Array): Record<string, string> {
  return typeof value === 'string' ? { [name]: value } : { [`${name}_base64`]: base64Of(value) };
}

function base64Of(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}
