const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Standard base64 with padding, RFC 4648 section 4. */
export function encodeBase64(bytes: Uint8Array): string {
  const groups = (bytes.length + 2) / 3;
  const text = new StaticArray<u8>(groups * 4);
  for (let group = 0; group < groups; group++) {
    const at = group * 3;
    const left = bytes.length - at;
    const bits =
      ((<u32>bytes[at]) << 16) | ((left > 1 ? <u32>bytes[at + 1] : 0) << 8) | (left > 2 ? <u32>bytes[at + 2] : 0);
    text[group * 4] = letter(bits >> 18);
    text[group * 4 + 1] = letter(bits >> 12);
    text[group * 4 + 2] = left > 1 ? letter(bits >> 6) : 0x3d;
    text[group * 4 + 3] = left > 2 ? letter(bits) : 0x3d;
  }
  return String.UTF8.decodeUnsafe(changetype<usize>(text), text.length);
}

/** The bytes behind standard base64, with or without padding; ends at the first character that is none of it. */
export function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length * 3) / 4);
  let length = 0;
  let bits: u32 = 0;
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const value = valueOf(text.charCodeAt(at));
    if (value < 0) break;
    bits = (bits << 6) | value;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes[length++] = <u8>(bits >> count);
  }
  return length == bytes.length ? bytes : bytes.slice(0, length);
}

function letter(bits: u32): u8 {
  return <u8>alphabet.charCodeAt(bits & 63);
}

function valueOf(code: i32): i32 {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  if (code >= 0x61 && code <= 0x7a) return code - 0x61 + 26;
  if (code >= 0x30 && code <= 0x39) return code - 0x30 + 52;
  if (code == 0x2b) return 62;
  if (code == 0x2f) return 63;
  return -1;
}
