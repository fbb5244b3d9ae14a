export type Bytes = ArrayBufferLike | ArrayBufferView;

export interface Span {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
  readonly length: number;
}

const { isView } = ArrayBuffer;

export function isBytes(value: unknown): value is Bytes {
  return value instanceof ArrayBuffer || isView(value);
}

/** Where the bytes lie. Throws a `TypeError` for anything else than an ArrayBuffer or a view of one. */
export function spanOf(value: unknown, what: string): Span {
  if (isView(value)) return { buffer: value.buffer, offset: value.byteOffset, length: value.byteLength };
  if (value instanceof ArrayBuffer) return { buffer: value, offset: 0, length: value.byteLength };
  throw new TypeError(`${what} takes an ArrayBuffer or a view of one, such as a Uint8Array`);
}

/** A view of the same bytes. */
export function viewOf(value: unknown, what: string): Uint8Array {
  const { buffer, offset, length } = spanOf(value, what);
  return new Uint8Array(buffer, offset, length);
}
