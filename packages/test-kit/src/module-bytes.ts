/** Parts of a Wasm module's binary form, for modules that no text describes: too large, or lies. */
export const header: readonly number[] = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

export const sectionIds = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
} as const;

export type Bytes = Uint8Array | readonly number[];

/** Unsigned LEB128. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest % 128) + (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

/** A name or the bytes of a segment: its length before it. */
export function sized(content: Bytes | string): Uint8Array {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  return joined([leb(bytes.length), bytes]);
}

export function section(id: number, ...content: readonly Bytes[]): Uint8Array {
  return joined([[id], sized(joined(content))]);
}

/** The header and then whatever is given. */
export function moduleOf(...sections: readonly Bytes[]): Uint8Array {
  return joined([header, ...sections]);
}

/** A function's body: no locals, the instructions, and the end. */
export function body(...instructions: readonly Bytes[]): Uint8Array {
  return sized(joined([[0], ...instructions, [0x0b]]));
}

export function joined(parts: readonly Bytes[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The same bytes over and over. */
export function repeated(part: Bytes, times: number): Uint8Array {
  const bytes = new Uint8Array(part.length * times);
  for (let at = 0; at < bytes.length; at += part.length) bytes.set(part, at);
  return bytes;
}
