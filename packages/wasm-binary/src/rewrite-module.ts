import { ByteWriter, leb, signedLeb } from './byte-writer.js';
import type { AppendedIndices } from './check-code.js';
import { formatLimits } from './format-limits.js';
import { growFunctionBody, growFunctionType } from './grow-function.js';
import { type Export, type Import, readExports, readFunctionTypeIndices, readImports, readTypes } from './module-shape.js';
import { type Global, readElements, readGlobals } from './read-references.js';
import { type FunctionSpace, type ReadCode, type RewrittenCode, readCode, rewriteCode } from './rewrite-code.js';
import type { RestorableGlobal, Restoration, RewriteReport } from './rewrite-report.js';
import { importSection, type MemoryShape, memorySection, readMemoryShape, refuseImport, tableSection } from './rewrite-sections.js';
import { guestTablePrefix, reservedPrefix, restorableGlobalExport, rewrittenExportOf, rewrittenExports } from './rewritten-names.js';
import { readSections, type Sections, sectionIds, sectionOrder, sectionReader } from './sections.js';
import { WasmFormatError } from './wasm-format-error.js';

declare const WebAssembly: {
  validate(bytes: Uint8Array): boolean;
  Module: new (bytes: Uint8Array) => unknown;
};

export interface RewriteOptions {
  /** The most pages of 64 KiB the guest's memory may grow to. */
  readonly memoryMaxPages: number;
  /** Whether the memory becomes an import, `rewrittenImports.memory`, so that a host can hand in one that was used before. */
  readonly importMemory?: boolean;
}

export interface RewrittenModule {
  readonly bytes: Uint8Array;
  readonly report: RewriteReport;
}

/** Rises with every change of what rewriting produces; part of the key under which rewritten bytes are kept. */
export const REWRITER_VERSION = 8;

/** Fuel of a new instance: none, so that the first check calls the hook, and traps if there is no hook yet. */
const initialFuel = 0;
/** The engine compiles a module before it says what is wrong with it, so it is not asked about larger ones. */
const explainedMaxBytes = 1024 * 1024;
/** Each restorable global is an object per instance. Toolchains emit a handful. */
const restorableGlobalsMax = 256;

/** `rewriteModuleWithReport` for who needs the bytes only. */
export function rewriteModule(bytes: Uint8Array, options: RewriteOptions): Uint8Array {
  return rewriteModuleWithReport(bytes, options).bytes;
}

/**
 * Makes a module that can be stopped: fuel checks in loops, recursions and long stretches of code, before bulk operations
 * and the growth of memories and tables; a memory maximum; no start function; and the imports and exports of
 * `rewritten-names.ts` under names of our own.
 *
 * The memory's size goes through a counter of the module's own (`grow-function.ts`).
 *
 * Everything is appended, nothing but labels renumbered, so the indices in stack traces stay those of the guest; the body
 * of a small loop is there twice. Custom sections other than `name` are left out. An imported memory called `env` `memory`
 * becomes the module's own. What stays unbounded is a single bulk operation, by the size of the memory.
 *
 * Throws `WasmFormatError`: for what is not a valid core module; for imports of tables, globals and tags; for more than one
 * memory, memory64, shared memory, and the proposals that V8 does not ship or that cannot be bounded; for an initial
 * memory above the limit; for names that begin with `torii:`; for what is beyond `formatLimits`.
 */
export function rewriteModuleWithReport(bytes: Uint8Array, options: RewriteOptions): RewrittenModule {
  if (bytes.length > formatLimits.moduleBytes) {
    throw new WasmFormatError(`a module of ${bytes.length} bytes; at most ${formatLimits.moduleBytes} are accepted`, 0);
  }
  const shape = readShape(bytes, options);
  // Only in a module that is valid as it stands can the guest not name what is appended: an index one past its own
  // globals or tables would otherwise let it refill its fuel. It comes after the checks that have better messages.
  if (!WebAssembly.validate(bytes)) throw new WasmFormatError(faultOf(bytes), 0);
  const growBody = shape.memory === undefined ? [] : growFunctionBody(shape.appended, shape.memory.maxPages);
  const code = rewriteCode(bytes, shape.code, shape.functions, shape.referenced, shape.appended, growBody);
  return { bytes: write(shape, options, code), report: reportOf(shape, options, code) };
}

/** What the engine has against a module that is not valid. */
function faultOf(bytes: Uint8Array): string {
  const fault = 'not a valid WebAssembly module';
  if (bytes.length > explainedMaxBytes) return fault;
  try {
    new WebAssembly.Module(bytes);
    return fault;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return `${fault}: ${said.replace('WebAssembly.Module(): ', '')}`;
  }
}

interface Shape {
  readonly sections: Sections;
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly functions: FunctionSpace;
  readonly globals: readonly Global[];
  readonly memory: MemoryShape | undefined;
  readonly startFunction: number | undefined;
  readonly code: ReadCode;
  /** Functions whose reference is taken. */
  readonly referenced: ReadonlySet<number>;
  readonly restoration: Restoration;
  readonly appended: AppendedIndices;
}

function readShape(bytes: Uint8Array, { memoryMaxPages }: RewriteOptions): Shape {
  const sections = readSections(bytes);
  const types = readTypes(sections);
  const imports = readImports(sections);
  for (const entry of imports) refuseImport(entry);
  const functionImports = imports.filter(({ kind }) => kind === 'function');
  const memory = readMemoryShape(sections, imports, memoryMaxPages);
  const tableCount = sectionReader(sections, 'table').count('tables', formatLimits.tables);
  sectionReader(sections, 'tag').count('tags', formatLimits.tags);
  sectionReader(sections, 'data').count('data segments', formatLimits.dataSegments);
  const exports = readExports(sections);
  const functions = {
    types,
    importedFunctions: functionImports.length,
    importedTypeIndices: functionImports.map(({ typeIndex }) => typeIndex ?? -1),
    typeIndices: readFunctionTypeIndices(sections),
  };
  const referenced = new Set<number>();
  const globals = readGlobals(sections, referenced);
  readElements(sections, referenced);
  const code = readCode(sections, functions);
  for (const index of code.referenced) referenced.add(index);
  return {
    ...{ sections, imports, exports, functions, globals, memory, code, referenced },
    startFunction: readStartFunction(sections, functionImports.length),
    restoration: restorationOf(globals, memory, code.lastingChange),
    appended: {
      yieldType: types.length,
      yieldTable: tableCount,
      fuelGlobal: globals.length,
      growthFailedGlobal: globals.length + 1,
      pagesGlobal: pagesGlobalOf(globals),
      growFunction: functionImports.length + functions.typeIndices.length,
    },
  };
}

/** The functions of the module itself begin behind the imported ones. */
function readStartFunction(sections: Sections, importedFunctions: number): number | undefined {
  const section = sections.known.get('start');
  if (section === undefined) return undefined;
  const index = sectionReader(sections, 'start').u32();
  if (index < importedFunctions) throw new WasmFormatError('the start function is an import', section.start);
  return index;
}

/** Behind the fuel and the note of a growth that failed. */
function pagesGlobalOf(globals: readonly Global[]): number {
  return globals.length + 2;
}

function restorationOf(globals: readonly Global[], memory: MemoryShape | undefined, lastingChange: string | undefined): Restoration {
  if (lastingChange !== undefined) return { isRestorable: false, reason: `the code uses ${lastingChange}` };
  const restorable: RestorableGlobal[] = [];
  for (const [index, { type, isMutable }] of globals.entries()) {
    if (!isMutable) continue;
    if (!isNumeric(type)) return { isRestorable: false, reason: `global ${index} is mutable and of type ${type}` };
    restorable.push({ exportName: restorableGlobalExport(index), index, type });
  }
  if (restorable.length > restorableGlobalsMax) {
    return { isRestorable: false, reason: `there are ${restorable.length} mutable globals, more than ${restorableGlobalsMax}` };
  }
  if (memory !== undefined) {
    const index = pagesGlobalOf(globals);
    restorable.push({ exportName: restorableGlobalExport(index), index, type: 'i32' });
  }
  return { isRestorable: true, globals: restorable };
}

function isNumeric(type: string): type is RestorableGlobal['type'] {
  return type === 'i32' || type === 'i64' || type === 'f32' || type === 'f64';
}

function reportOf(shape: Shape, options: RewriteOptions, { checkedFunctions, loops }: RewrittenCode): RewriteReport {
  const { memory, functions, restoration } = shape;
  return {
    functions: functions.typeIndices.length,
    ...{ checkedFunctions, loops, restoration },
    memory: memory === undefined ? undefined : { ...memory, isImported: options.importMemory === true },
  };
}

function write(shape: Shape, options: RewriteOptions, code: RewrittenCode): Uint8Array {
  const { sections, memory } = shape;
  const { bytes } = sections;
  const importedMemory = options.importMemory === true ? memory : undefined;
  const out = new ByteWriter(Math.ceil(bytes.length * 1.25) + 1024);
  out.raw(bytes.subarray(0, 8));
  for (const name of sectionOrder) {
    switch (name) {
      case 'type':
        out.section(sectionIds.type, appendTo(sections, 'type', 2, [0x60, 0, 0, ...growFunctionType]));
        break;
      case 'import':
        out.section(sectionIds.import, importSection(sections, shape.imports, importedMemory));
        break;
      case 'function':
        if (sections.known.has('function')) out.section(sectionIds.function, functionSection(shape, code.emptyFunctions));
        break;
      case 'table':
        out.section(sectionIds.table, tableSection(sections));
        break;
      case 'memory':
        if (memory !== undefined && importedMemory === undefined) out.section(sectionIds.memory, memorySection(memory));
        break;
      case 'global':
        out.section(sectionIds.global, globalSection(shape));
        break;
      case 'export':
        out.section(sectionIds.export, exportSection(shape));
        break;
      case 'start':
        break;
      case 'code':
        if (!sections.known.has('code')) break;
        out.section(0, new ByteWriter(code.hints.length + 32).name('metadata.code.branch_hint').raw(code.hints.view()));
        out
          .u8(sectionIds.code)
          .u32(leb(code.count).length + code.bodies.length)
          .u32(code.count)
          .raw(code.bodies.view());
        break;
      default:
        copySection(out, sections, name);
    }
  }
  if (sections.names !== undefined) {
    const { start, end } = sections.names;
    out.section(0, new ByteWriter(end - start).copy(bytes, start, end));
  }
  return out.view().slice();
}

function appendTo(sections: Sections, name: 'type' | 'function' | 'global', added: number, content: Uint8Array | readonly number[]): ByteWriter {
  const reader = sectionReader(sections, name);
  const count = reader.u32();
  return new ByteWriter(reader.end - reader.offset + content.length + 8)
    .u32(count + added)
    .copy(reader.bytes, reader.offset, reader.end)
    .raw(content);
}

/** Behind the guest's functions comes the one that grows its memory, if it has one, and then the empty ones. */
function functionSection({ sections, memory, appended }: Shape, emptyFunctions: number): ByteWriter {
  const types = new ByteWriter();
  if (memory !== undefined) types.u32(appended.yieldType + 1);
  for (let left = emptyFunctions; left > 0; left -= 1) types.u32(appended.yieldType);
  return appendTo(sections, 'function', emptyFunctions + (memory === undefined ? 0 : 1), types.view());
}

function globalSection({ sections, memory }: Shape): ByteWriter {
  const always = [...mutableI32(initialFuel), ...mutableI32(0)];
  if (memory === undefined) return appendTo(sections, 'global', 2, always);
  return appendTo(sections, 'global', 3, [...always, ...mutableI32(memory.minPages)]);
}

function mutableI32(value: number): number[] {
  return [0x7f, 0x01, 0x41, ...signedLeb(value), 0x0b];
}

const exportKinds = { function: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

function exportSection({ exports, appended, startFunction, memory, restoration }: Shape): ByteWriter {
  const writer = new ByteWriter();
  let count = 0;
  const add = (name: string, kind: Export['kind'], index: number): void => {
    writer.name(name).u8(exportKinds[kind]).u32(index);
    count += 1;
  };
  for (const { name, kind, index, offset } of exports) {
    if (name.startsWith(reservedPrefix)) throw new WasmFormatError(`the export "${name}" is reserved`, offset);
    add(rewrittenExportOf(name), kind, index);
  }
  add(rewrittenExports.fuel, 'global', appended.fuelGlobal);
  add(rewrittenExports.growthFailed, 'global', appended.growthFailedGlobal);
  add(rewrittenExports.yieldTable, 'table', appended.yieldTable);
  for (let index = 0; index < appended.yieldTable; index += 1) add(`${guestTablePrefix}${index}`, 'table', index);
  if (memory !== undefined) add(rewrittenExports.memory, 'memory', 0);
  if (startFunction !== undefined) add(rewrittenExports.startFunction, 'function', startFunction);
  if (restoration.isRestorable) {
    add(rewrittenExports.restorable, 'global', appended.growthFailedGlobal);
    for (const { exportName, index } of restoration.globals) add(exportName, 'global', index);
  }
  return new ByteWriter(writer.length + 8).u32(count).raw(writer.view());
}

function copySection(out: ByteWriter, sections: Sections, name: keyof typeof sectionIds): void {
  const section = sections.known.get(name);
  if (section === undefined) return;
  const { start, end } = section;
  out.section(sectionIds[name], new ByteWriter(end - start).copy(sections.bytes, start, end));
}
