import { ByteReader } from './byte-reader.js';
import { ByteWriter, leb, signedLeb } from './byte-writer.js';
import { type AppendedIndices, FuelCode } from './fuel-code.js';
import { type FunctionType, type Import, readExports, readFunctionTypeIndices, readImports, readTypes } from './module-shape.js';
import { rewriteFunction } from './rewrite-function.js';
import { reservedPrefix, rewrittenExportOf, rewrittenExports, rewrittenNamespaceOf } from './rewritten-names.js';
import { readSections, type Sections, sectionIds, sectionOrder, sectionReader } from './sections.js';
import { readLimits, readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

declare const WebAssembly: { validate(bytes: Uint8Array): boolean };

export interface RewriteOptions {
  /** The most pages of 64 KiB the guest's memory may grow to. */
  readonly memoryMaxPages: number;
}

/** Rises with every change of what rewriting produces; part of the key under which rewritten bytes are kept. */
export const REWRITER_VERSION = 2;

/** Fuel of a new instance: none, so that the first check calls the hook, and traps if there is no hook yet. */
const initialFuel = 0;
/** Entries a table may have or grow to; V8 would allow ten million, outside of any memory limit. */
const tableMaxEntries = 200_000;
const tablesMax = 16;
const typeIndexMax = 1_000_000;

/**
 * Makes a module that can be stopped: fuel checks at loop heads, function entries and bulk operations, a memory maximum,
 * no start function, and the imports and exports of `rewritten-names.ts` under names of our own.
 *
 * Everything is appended, nothing renumbered, so the indices in stack traces stay those of the guest. Custom sections
 * other than `name` are left out. What stays unbounded is a single bulk operation, by the size of the memory.
 *
 * Throws `WasmFormatError`: for what is not a valid core module; for imports that are not functions; for more than one
 * memory, memory64, shared memory, and the GC and typed function references proposals; for an initial memory above
 * the limit; for names that begin with `torii:`.
 */
export function rewriteModule(bytes: Uint8Array, options: RewriteOptions): Uint8Array {
  const sections = readSections(bytes);
  const shape = readShape(sections);
  // Only in a module that is valid as it stands can the guest not name what is appended: an index one past its own
  // globals or tables would otherwise let it refill its fuel. It comes after the checks that have better messages.
  if (!WebAssembly.validate(bytes)) throw new WasmFormatError('not a valid WebAssembly module', 0);
  const fuel = new FuelCode(shape.appended);

  const out = new ByteWriter(Math.ceil(bytes.length * 1.25) + 1024);
  out.raw(bytes.subarray(0, 8));
  for (const name of sectionOrder) {
    switch (name) {
      case 'type':
        out.section(sectionIds.type, appendTo(sections, 'type', 1, [0x60, 0, 0]));
        break;
      case 'import':
        if (shape.imports.length > 0) out.section(sectionIds.import, importSection(sections, shape.imports));
        break;
      case 'table':
        out.section(sectionIds.table, tableSection(sections));
        break;
      case 'memory':
        if (shape.hasMemory) out.section(sectionIds.memory, memorySection(sections, options.memoryMaxPages));
        break;
      case 'global':
        out.section(sectionIds.global, appendTo(sections, 'global', 2, [...mutableI32(initialFuel), ...mutableI32(0)]));
        break;
      case 'export':
        out.section(sectionIds.export, exportSection(sections, shape));
        break;
      case 'start':
        break;
      case 'code':
        if (sections.known.has('code')) out.section(sectionIds.code, codeSection(sections, shape, fuel));
        break;
      default:
        copySection(out, sections, name);
    }
  }
  if (sections.names !== undefined) {
    out.section(0, new ByteWriter().raw(bytes.subarray(sections.names.start, sections.names.end)));
  }
  return out.view().slice();
}

interface Shape {
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  readonly functionTypeIndices: readonly number[];
  readonly startFunction: number | undefined;
  readonly hasMemory: boolean;
  readonly appended: AppendedIndices;
}

function readShape(sections: Sections): Shape {
  const types = readTypes(sections);
  const imports = readImports(sections);
  for (const entry of imports) refuseImport(entry);
  const globalCount = sectionReader(sections, 'global').count('globals', typeIndexMax);
  return {
    types,
    imports,
    functionTypeIndices: readFunctionTypeIndices(sections),
    startFunction: readStartFunction(sections, imports.length),
    hasMemory: readMemoryCount(sections) === 1,
    appended: {
      yieldType: types.length,
      yieldTable: sectionReader(sections, 'table').count('tables', tablesMax),
      fuelGlobal: globalCount,
      growthFailedGlobal: globalCount + 1,
    },
  };
}

function refuseImport({ module, name, kind, offset }: Import): void {
  if (kind !== 'function') throw new WasmFormatError(`the import "${module}" "${name}" is a ${kind}; only functions can be imported`, offset);
  if (module.startsWith(reservedPrefix)) throw new WasmFormatError(`the import "${module}" "${name}" is reserved`, offset);
}

/** All imports are functions, so the functions of the module itself begin behind `importCount`. */
function readStartFunction(sections: Sections, importCount: number): number | undefined {
  const section = sections.known.get('start');
  if (section === undefined) return undefined;
  const index = sectionReader(sections, 'start').u32();
  if (index < importCount) throw new WasmFormatError('the start function is an import', section.start);
  return index;
}

function readMemoryCount(sections: Sections): number {
  const reader = sectionReader(sections, 'memory');
  const at = reader.offset;
  const count = reader.count('memories', 100_000);
  if (count > 1) throw new WasmFormatError('multiple memories are not supported', at);
  return count;
}

function appendTo(sections: Sections, name: 'type' | 'global', added: number, content: readonly number[]): ByteWriter {
  const reader = sectionReader(sections, name);
  const count = reader.u32();
  return new ByteWriter()
    .u32(count + added)
    .raw(reader.bytes.subarray(reader.offset, reader.end))
    .raw(content);
}

function mutableI32(value: number): number[] {
  return [0x7f, 0x01, 0x41, ...signedLeb(value), 0x0b];
}

function importSection(sections: Sections, imports: readonly Import[]): ByteWriter {
  const writer = new ByteWriter().u32(imports.length);
  for (const { module, name, description } of imports) {
    writer.name(rewrittenNamespaceOf(module, name)).name(name).raw(sections.bytes.subarray(description.start, description.end));
  }
  return writer;
}

function tableSection(sections: Sections): ByteWriter {
  const reader = sectionReader(sections, 'table');
  const count = reader.count('tables', tablesMax);
  const writer = new ByteWriter().u32(count + 1);
  for (let index = 0; index < count; index += 1) {
    const at = reader.offset;
    if (reader.peek() === 0x40) throw new WasmFormatError('a table with an initial value (typed function references) is not supported', at);
    readValueType(reader);
    writer.u8(sections.bytes[at] ?? 0);
    const { min, max } = readLimits(reader);
    if (min > tableMaxEntries) throw new WasmFormatError(`a table of ${min} entries; at most ${tableMaxEntries} are accepted`, at);
    writer
      .u8(1)
      .u32(min)
      .u32(Math.min(max ?? tableMaxEntries, tableMaxEntries));
  }
  return writer.raw([0x70, 0x01, 1, 1]);
}

function memorySection(sections: Sections, maxPages: number): ByteWriter {
  const reader = sectionReader(sections, 'memory');
  reader.u32();
  const at = reader.offset;
  const { min, max } = readLimits(reader);
  if (min > maxPages) {
    throw new WasmFormatError(`the module begins with a memory of ${min} pages of 64 KiB, above the limit of ${maxPages}`, at);
  }
  return new ByteWriter()
    .u32(1)
    .u8(1)
    .u32(min)
    .u32(Math.min(max ?? maxPages, maxPages));
}

const exportKinds = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

function exportSection(sections: Sections, shape: Shape): ByteWriter {
  const exports = readExports(sections).map(({ name, kind, index, offset }) => {
    if (name.startsWith(reservedPrefix)) throw new WasmFormatError(`the export "${name}" is reserved`, offset);
    return { name: rewrittenExportOf(name), kind, index };
  });
  const { appended, startFunction, hasMemory } = shape;
  exports.push(
    { name: rewrittenExports.fuel, kind: 'global', index: appended.fuelGlobal },
    { name: rewrittenExports.growthFailed, kind: 'global', index: appended.growthFailedGlobal },
    { name: rewrittenExports.yieldTable, kind: 'table', index: appended.yieldTable },
  );
  if (hasMemory) exports.push({ name: rewrittenExports.memory, kind: 'memory', index: 0 });
  if (startFunction !== undefined) exports.push({ name: rewrittenExports.startFunction, kind: 'function', index: startFunction });
  const writer = new ByteWriter().u32(exports.length);
  for (const { name, kind, index } of exports) writer.name(name).u8(exportKinds[kind]).u32(index);
  return writer;
}

function codeSection(sections: Sections, shape: Shape, fuel: FuelCode): ByteWriter {
  const reader = sectionReader(sections, 'code');
  const start = reader.offset;
  const count = reader.u32();
  if (count !== shape.functionTypeIndices.length) throw new WasmFormatError('there are not as many bodies as functions', start);
  const writer = new ByteWriter(Math.ceil((reader.end - start) * 1.25) + 64).raw(leb(count));
  for (const typeIndex of shape.functionTypeIndices) {
    const length = reader.u32();
    const body = new ByteReader(sections.bytes, reader.offset, reader.offset + length);
    reader.skip(length);
    const type = shape.types[typeIndex];
    if (type === undefined) throw new WasmFormatError('a function without a type', body.offset);
    const rewritten = rewriteFunction(body, type.params.length, fuel);
    writer.u32(rewritten.length).raw(rewritten);
  }
  reader.expectEnd('the code');
  return writer;
}

function copySection(out: ByteWriter, sections: Sections, name: keyof typeof sectionIds): void {
  const section = sections.known.get(name);
  if (section === undefined) return;
  out.section(sectionIds[name], new ByteWriter().raw(sections.bytes.subarray(section.start, section.end)));
}
