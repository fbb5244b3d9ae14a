import { ByteWriter } from './byte-writer.js';
import { formatLimits } from './format-limits.js';
import type { Import } from './module-shape.js';
import { reservedPrefix, rewrittenImports, rewrittenNamespaceOf } from './rewritten-names.js';
import { type Sections, sectionReader } from './sections.js';
import { type Limits, readLimits, readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

/** The guest's memory once rewritten, in pages of 64 KiB. */
export interface MemoryShape {
  readonly minPages: number;
  readonly maxPages: number;
}

const hasMaximum = 1;
const memoryKind = 2;

/** Functions can be imported, and what AssemblyScript and some linkers make of the memory when they are asked to. */
export function refuseImport({ module, name, kind, offset }: Import): void {
  if (module.startsWith(reservedPrefix)) throw new WasmFormatError(`the import "${module}" "${name}" is reserved`, offset);
  if (kind === 'function' || isMemoryImport({ module, name, kind })) return;
  throw new WasmFormatError(
    `the import "${module}" "${name}" is a ${kind}; only functions, and a memory called "env" "memory", can be imported`,
    offset,
  );
}

/**
 * The module's memory, its own or imported, with its maximum set to what it may have. Throws `WasmFormatError` if there are
 * several, or if it begins above the limit.
 */
export function readMemoryShape(sections: Sections, imports: readonly Import[], limitPages: number): MemoryShape | undefined {
  const reader = sectionReader(sections, 'memory');
  const at = reader.offset;
  const ownCount = reader.count('memories', 100_000);
  const imported = imports.flatMap(({ memory }) => (memory === undefined ? [] : [memory]));
  if (ownCount + imported.length > 1) throw new WasmFormatError('multiple memories are not supported', at);
  const limits: Limits | undefined = ownCount === 1 ? readLimits(reader) : imported[0];
  if (limits === undefined) return undefined;
  const { min, max } = limits;
  if (min > limitPages) {
    throw new WasmFormatError(`the module begins with a memory of ${min} pages of 64 KiB, above the limit of ${limitPages}`, at);
  }
  return { minPages: min, maxPages: Math.min(max ?? limitPages, limitPages) };
}

export function importSection(sections: Sections, imports: readonly Import[], importedMemory: MemoryShape | undefined): ByteWriter {
  const kept = imports.filter(({ kind }) => kind === 'function');
  const writer = new ByteWriter().u32(kept.length + (importedMemory === undefined ? 0 : 1));
  for (const { module, name, description } of kept) {
    writer.name(rewrittenNamespaceOf(module, name)).name(name).copy(sections.bytes, description.start, description.end);
  }
  if (importedMemory !== undefined) {
    const { module, name } = rewrittenImports.memory;
    writer.name(module).name(name).u8(memoryKind);
    writeLimits(writer, importedMemory.minPages, importedMemory.maxPages);
  }
  return writer;
}

export function memorySection({ minPages, maxPages }: MemoryShape): ByteWriter {
  return writeLimits(new ByteWriter().u32(1), minPages, maxPages);
}

interface TableShape {
  readonly typeByte: number;
  readonly limits: Limits;
}

/** The guest's tables, with a maximum each, and behind them one with a slot for the yield hook. */
export function tableSection(sections: Sections): ByteWriter {
  const tables = readTables(sections);
  const { tableEntries } = formatLimits;
  const entries = tables.reduce((sum, { limits }) => sum + limits.min, 0);
  if (entries > tableEntries) {
    const at = sections.known.get('table')?.start ?? 0;
    throw new WasmFormatError(`tables of ${entries} entries; at most ${tableEntries} are accepted`, at);
  }
  const room = Math.floor((tableEntries - entries) / Math.max(1, tables.length));
  const writer = new ByteWriter().u32(tables.length + 1);
  for (const { typeByte, limits } of tables) {
    const { min, max } = limits;
    writeLimits(writer.u8(typeByte), min, Math.min(max ?? tableEntries, min + room));
  }
  return writer.raw([0x70, hasMaximum, 1, 1]);
}

function readTables(sections: Sections): TableShape[] {
  const reader = sectionReader(sections, 'table');
  const tables: TableShape[] = [];
  for (let left = reader.count('tables', formatLimits.tables); left > 0; left -= 1) {
    const at = reader.offset;
    if (reader.peek() === 0x40) throw new WasmFormatError('a table with an initial value (typed function references) is not supported', at);
    readValueType(reader);
    tables.push({ typeByte: sections.bytes[at] ?? 0, limits: readLimits(reader) });
  }
  return tables;
}

function writeLimits(writer: ByteWriter, min: number, max: number): ByteWriter {
  return writer.u8(hasMaximum).u32(min).u32(max);
}

function isMemoryImport({ module, name, kind }: Pick<Import, 'module' | 'name' | 'kind'>): boolean {
  return kind === 'memory' && module === 'env' && name === 'memory';
}
