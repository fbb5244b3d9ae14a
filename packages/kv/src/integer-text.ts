const integerText = /^(?:0|-?[1-9][0-9]{0,18})$/;
/** The longest text of one. */
export const integerMaxBytes = 20;
const minInteger = -(2n ** 63n);
const maxInteger = 2n ** 63n - 1n;

/** The integer that decimal text stands for as Redis reads it; undefined when it is none in 64 bits with a sign. */
export function parseInteger(bytes: Uint8Array): bigint | undefined {
  if (bytes.length > integerMaxBytes) return undefined;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  if (!integerText.test(text)) return undefined;
  const value = BigInt(text);
  return isInt64(value) ? value : undefined;
}

export function isInt64(value: bigint): boolean {
  return value >= minInteger && value <= maxInteger;
}
