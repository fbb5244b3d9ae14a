import { type ExternKind, type FunctionType, readExports, readFunctionTypeIndices, readImports, readTypes } from './module-shape.js';
import { readSections, type Sections, sectionReader } from './sections.js';
import { readLimits } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

export interface ModuleExport {
  name: string;
  kind: ExternKind;
  /** Of a function: its value types, such as `["i64","i64"]`. */
  params?: string[];
  results?: string[];
}

export interface ModuleImport extends ModuleExport {
  module: string;
}

export interface ModuleDescription {
  imports: ModuleImport[];
  exports: ModuleExport[];
  /** Of its memories together, in bytes: what it cannot begin without. */
  memoryMinBytes: number;
}

const pageBytes = 65_536;
const memoriesMax = 100;

/** Types of all imports and exports together, so that a small module cannot describe itself at great length. */
const describedTypesMax = 100_000;

/**
 * What a module imports and exports, in the order of its sections.
 *
 * Reads only what it needs and does not validate the code: `WebAssembly.compile` does that. Throws `WasmFormatError` for
 * anything that is not a core module, and for types of the GC proposal, memory64 and shared memory.
 */
export function describeModule(bytes: Uint8Array): ModuleDescription {
  const sections = readSections(bytes);
  const types = readTypes(sections);
  const imports = readImports(sections);
  const importedTypes = imports.filter((entry) => entry.kind === 'function').map((entry) => entry.typeIndex ?? -1);
  const functionTypes = [...importedTypes, ...readFunctionTypeIndices(sections)];

  let described = 0;
  const signature = (typeIndex: number | undefined, offset: number): { params: string[]; results: string[] } => {
    const type: FunctionType | undefined = typeIndex === undefined ? undefined : types[typeIndex];
    if (type === undefined) throw new WasmFormatError('a function without a type', offset);
    described += type.params.length + type.results.length;
    if (described > describedTypesMax) throw new WasmFormatError('the imports and exports have too many parameters', offset);
    return { params: [...type.params], results: [...type.results] };
  };

  const importedMemoryPages = imports.reduce((pages, { memory }) => pages + (memory?.min ?? 0), 0);
  return {
    imports: imports.map(({ module, name, kind, typeIndex, offset }) =>
      kind === 'function' ? { module, name, kind, ...signature(typeIndex, offset) } : { module, name, kind },
    ),
    exports: readExports(sections).map(({ name, kind, index, offset }) =>
      kind === 'function' ? { name, kind, ...signature(functionTypes[index], offset) } : { name, kind },
    ),
    memoryMinBytes: (readMemoryMinPages(sections) + importedMemoryPages) * pageBytes,
  };
}

function readMemoryMinPages(sections: Sections): number {
  const reader = sectionReader(sections, 'memory');
  let pages = 0;
  for (let left = reader.count('memories', memoriesMax); left > 0; left -= 1) pages += readLimits(reader).min;
  return pages;
}
