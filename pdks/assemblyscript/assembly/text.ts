/** The text as UTF-8. Half of a surrogate pair becomes U+FFFD, so that the bytes are always valid. */
export function encodeText(text: string): Uint8Array {
  return Uint8Array.wrap(String.UTF8.encode(text, false, String.UTF8.ErrorMode.REPLACE));
}

/** The text that is in the bytes; only those the array shows, not the whole buffer behind it. */
export function decodeText(bytes: Uint8Array): string {
  return String.UTF8.decodeUnsafe(bytes.dataStart, bytes.length);
}
