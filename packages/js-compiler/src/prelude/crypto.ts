import { isBytes, spanOf } from './bytes.js';
import { native } from './native.js';

/** Web Crypto's own limit per request. */
const randomMaxBytes = 65_536;

/** The part of https://w3c.github.io/webcrypto/ that needs no keys. */
export const crypto = {
  getRandomValues<T>(target: T): T {
    const isFloat = target instanceof Float32Array || target instanceof Float64Array || target instanceof DataView;
    if (!isBytes(target) || isFloat || target instanceof ArrayBuffer) throw new TypeError('getRandomValues fills arrays of integers');
    const { buffer, offset, length } = spanOf(target, 'getRandomValues');
    if (length > randomMaxBytes) throw new DOMException(`getRandomValues fills at most ${randomMaxBytes} bytes at once`, 'QuotaExceededError');
    if (length > 0) native.randomBytes(buffer, offset, length);
    return target;
  },

  /** Version 4 of RFC 9562. */
  randomUUID(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
};
