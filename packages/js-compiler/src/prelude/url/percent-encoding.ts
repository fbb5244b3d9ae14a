import { decodeUtf8, encodeUtf8 } from '../utf8.js';

/** What each part of a URL does not hold as it is, beside controls and what is not ASCII: https://url.spec.whatwg.org/#percent-encoded-bytes */
export const encodeSets = {
  control: /[^ -~]/,
  fragment: /[^!#-;=?-_a-~]/,
  query: /[^!$-;=?-~]/,
  specialQuery: /[^!$-&(-;=?-~]/,
  path: /[^!$-;=@-\]_a-z|~]/,
  userinfo: /[^!$-.0-9A-Z_a-z~]/,
  form: /[^*\-.0-9A-Z_a-z]/,
} as const;

export function percentEncode(text: string, set: RegExp): string {
  // Most parts of most URLs need nothing.
  if (!set.test(text)) return text;
  let encoded = '';
  for (const character of text) encoded += set.test(character) ? encodeCharacter(character) : character;
  return encoded;
}

export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = encodeUtf8(text);
  const decoded = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const value = bytes[at] === 0x25 ? hexValue(bytes, at + 1) : undefined;
    decoded[length] = value ?? bytes[at] ?? 0;
    length += 1;
    if (value !== undefined) at += 2;
  }
  return decodeUtf8(decoded.subarray(0, length));
}

function encodeCharacter(character: string): string {
  let encoded = '';
  for (const byte of encodeUtf8(character)) encoded += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`;
  return encoded;
}

function hexValue(bytes: Uint8Array, at: number): number | undefined {
  const digits = String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0);
  return /^[0-9A-Fa-f]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined;
}
