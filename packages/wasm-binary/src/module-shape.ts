import type { ByteReader } from './byte-reader.js';
import { formatLimits } from './format-limits.js';
import { type Sections, sectionReader } from './sections.js';
import { type Limits, readLimits, readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

export type ExternKind = 'function' | 'table' | 'memory' | 'global' | 'tag';

export interface FunctionType {
  readonly params: readonly string[];
  readonly results: readonly string[];
}

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternKind;
  /** Of a function: index of its type. */
  readonly typeIndex: number | undefined;
  /** Of a memory: its limits, in pages. */
  readonly memory: Limits | undefined;
  /** Where the part after the two names lies, to be copied as it is. */
  readonly description: { readonly start: number; readonly end: number };
  readonly offset: number;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
  readonly offset: number;
}

/** Forms of types beside functions. */
const refusedForms: ReadonlyMap<number, string> = new Map([
  [0x5e, 'GC'], // array
  [0x5f, 'GC'], // struct
  [0x50, 'GC'], // sub
  [0x4f, 'GC'], // sub final
  [0x4e, 'GC'], // rec
  [0x5d, 'stack switching'], // cont
  [0x4d, 'custom descriptors'], // descriptor
  [0x4c, 'custom descriptors'], // describes
  [0x65, 'shared-everything threads'],
]);

const kinds: readonly ExternKind[] = ['function', 'table', 'memory', 'global', 'tag'];

export function readTypes(sections: Sections): FunctionType[] {
  const reader = sectionReader(sections, 'type');
  const count = reader.count('types', formatLimits.types);
  const types: FunctionType[] = [];
  for (let index = 0; index < count; index += 1) {
    const at = reader.offset;
    const form = reader.u8();
    const proposal = refusedForms.get(form);
    if (proposal !== undefined) throw new WasmFormatError(`a type of the ${proposal} proposal is not supported`, at);
    if (form !== 0x60) throw new WasmFormatError(`unknown type form 0x${form.toString(16)}`, at);
    types.push({ params: readValueTypes(reader), results: readValueTypes(reader) });
  }
  reader.expectEnd('the types');
  return types;
}

export function readImports(sections: Sections): Import[] {
  const reader = sectionReader(sections, 'import');
  const count = reader.count('imports', formatLimits.imports);
  const imports: Import[] = [];
  for (let index = 0; index < count; index += 1) {
    const offset = reader.offset;
    const module = reader.name();
    const name = reader.name();
    const start = reader.offset;
    const kind = readKind(reader);
    const { typeIndex, memory } = readImportDescription(reader, kind);
    imports.push({ module, name, kind, typeIndex, memory, description: { start, end: reader.offset }, offset });
  }
  reader.expectEnd('the imports');
  return imports;
}

export function readExports(sections: Sections): Export[] {
  const reader = sectionReader(sections, 'export');
  const count = reader.count('exports', formatLimits.exports);
  const exports: Export[] = [];
  for (let position = 0; position < count; position += 1) {
    const offset = reader.offset;
    exports.push({ name: reader.name(), kind: readKind(reader), index: reader.u32(), offset });
  }
  reader.expectEnd('the exports');
  return exports;
}

/** Type indices of the functions the module itself defines, in order. */
export function readFunctionTypeIndices(sections: Sections): number[] {
  const reader = sectionReader(sections, 'function');
  const count = reader.count('functions', formatLimits.functions);
  const indices: number[] = [];
  for (let position = 0; position < count; position += 1) indices.push(reader.u32());
  reader.expectEnd('the functions');
  return indices;
}

function readValueTypes(reader: ByteReader): string[] {
  const count = reader.count('parameters or results', formatLimits.params);
  const types: string[] = [];
  for (let index = 0; index < count; index += 1) types.push(readValueType(reader));
  return types;
}

function readKind(reader: ByteReader): ExternKind {
  const at = reader.offset;
  const kind = kinds[reader.u8()];
  if (kind === undefined) throw new WasmFormatError('unknown kind of import or export', at);
  return kind;
}

interface ImportDescription {
  readonly typeIndex: number | undefined;
  readonly memory: Limits | undefined;
}

function readImportDescription(reader: ByteReader, kind: ExternKind): ImportDescription {
  const nothing = { typeIndex: undefined, memory: undefined };
  switch (kind) {
    case 'function':
      return { ...nothing, typeIndex: reader.u32() };
    case 'table':
      readValueType(reader);
      readLimits(reader);
      return nothing;
    case 'memory':
      return { ...nothing, memory: readLimits(reader) };
    case 'global':
      readValueType(reader);
      reader.skip(1);
      return nothing;
    case 'tag':
      reader.skip(1);
      reader.u32();
      return nothing;
  }
}
