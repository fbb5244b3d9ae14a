import { ByteReader } from './byte-reader.js';
import { WasmFormatError } from './wasm-format-error.js';

/** Section ids in the order in which a module must hold them (custom sections, id 0, may stand anywhere). */
export const sectionIds = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  tag: 13,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  dataCount: 12,
  code: 10,
  data: 11,
} as const;

export type SectionName = keyof typeof sectionIds;

export const sectionOrder = Object.keys(sectionIds) as SectionName[];

/** A section's content, without its id and length. */
interface Section {
  readonly start: number;
  readonly end: number;
}

export interface Sections {
  readonly bytes: Uint8Array;
  readonly known: ReadonlyMap<SectionName, Section>;
  /** The custom section called `name`, which gives stack traces their function names. */
  readonly names: Section | undefined;
}

/**
 * Splits a module into its sections without looking into them.
 *
 * Throws `WasmFormatError` when the bytes are no core module of version 1, when a section is too long, unknown, doubled
 * or out of order.
 */
export function readSections(bytes: Uint8Array): Sections {
  const reader = new ByteReader(bytes);
  readHeader(reader);
  const known = new Map<SectionName, Section>();
  let names: Section | undefined;
  let lastAt = -1;
  while (!reader.isAtEnd) {
    const at = reader.offset;
    const id = reader.u8();
    const length = reader.u32();
    const start = reader.offset;
    reader.skip(length);
    const section = { start, end: reader.offset };
    if (id === 0) {
      if (new ByteReader(bytes, section.start, section.end).name() === 'name') names = section;
      continue;
    }
    const position = sectionOrder.findIndex((name) => sectionIds[name] === id);
    const name = sectionOrder[position];
    if (name === undefined) throw new WasmFormatError(`unknown section ${id}`, at);
    if (position <= lastAt) throw new WasmFormatError(`section ${name} is doubled or out of order`, at);
    lastAt = position;
    known.set(name, section);
  }
  return { bytes, known, names };
}

/** A reader over one section; of a section that is not there, an empty vector. */
export function sectionReader(sections: Sections, name: SectionName): ByteReader {
  const section = sections.known.get(name);
  return section === undefined ? new ByteReader(emptyVector) : new ByteReader(sections.bytes, section.start, section.end);
}

const emptyVector = Uint8Array.of(0);

function readHeader(reader: ByteReader): void {
  const { bytes } = reader;
  if (bytes[0] !== 0x00 || bytes[1] !== 0x61 || bytes[2] !== 0x73 || bytes[3] !== 0x6d) {
    throw new WasmFormatError('not a WebAssembly module: it does not begin with \\0asm', 0);
  }
  if (bytes.length < 8) throw new WasmFormatError('not a WebAssembly module: it ends before its version', bytes.length);
  // The component model keeps the magic number and puts its layer into the second half of the version.
  if (bytes[6] === 1 && bytes[7] === 0) throw new WasmFormatError('a WebAssembly component; a core module is needed', 4);
  if (bytes[4] !== 1 || bytes[5] !== 0 || bytes[6] !== 0 || bytes[7] !== 0) {
    throw new WasmFormatError('unknown version of WebAssembly; a core module of version 1 is needed', 4);
  }
  reader.skip(8);
}
