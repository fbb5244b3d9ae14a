import { type ByteReader, ByteWriter, sectionIds, sectionOrder, sectionReader, signedLeb } from '@torii/wasm-binary';
import type { Engine } from '../engine/engine.js';
import { dataSection } from './data-segments.js';
import { type TemplateImport, type TemplateParts, templateParts } from './template-parts.js';

export interface ModuleShape {
  /** Names of exported functions; the prelude calls each by its place. */
  readonly exports: readonly string[];
  /** Which of the template's imports the module has. */
  readonly imports: (entry: TemplateImport) => boolean;
}

const pageBytes = 65_536;
const [functionKind, memoryKind] = [0, 2];
const [i32Const, i64Const, end] = [0x41, 0x42, 0x0b];
const [unreachable, nop, call] = [0x00, 0x01, 0x10];
const [typeI32, typeI64] = [0x7f, 0x7e];

/**
 * Writes a module whose memory and globals begin as they are in the engine: its heap, with everything that JavaScript has
 * made by now. The memory has no maximum: that is for whoever runs it to set.
 *
 * Imports that are left out move every function down; the template lists the places where that shows. Code that would
 * have called one of them traps.
 */
export function emitModule(engine: Engine, shape: ModuleShape): Uint8Array {
  const parts = templateParts();
  const functions = renumber(parts, shape);
  const memory = new Uint8Array(engine.memory.buffer);
  const { sections } = parts;
  const out = new ByteWriter(sections.bytes.length + 1024 * 1024).raw(sections.bytes.subarray(0, 8));
  for (const name of sectionOrder) {
    const section = sections.known.get(name);
    switch (name) {
      case 'import':
        out.section(sectionIds.import, importSection(functions.imports));
        break;
      case 'function':
        out.section(sectionIds.function, functionSection(parts, shape.exports.length));
        break;
      case 'memory':
        out.section(sectionIds.memory, new ByteWriter().raw([1, 0]).u32(memory.length / pageBytes));
        break;
      case 'global':
        out.section(sectionIds.global, globalSection(parts, engine));
        break;
      case 'export':
        out.section(sectionIds.export, exportSection(shape.exports, functions.firstEntry));
        break;
      case 'element':
        out.section(sectionIds.element, elementSection(parts, functions.indexOf));
        break;
      case 'code':
        out.section(sectionIds.code, codeSection(parts, functions, shape.exports.length));
        break;
      case 'data':
        // Below the stack pointer lies what calls during the build have left.
        out.section(sectionIds.data, dataSection(memory, Number(engine.global('__stack_pointer').value)));
        break;
      case 'start':
      case 'dataCount':
        break;
      default:
        if (section !== undefined) out.section(sectionIds[name], new ByteWriter().copy(sections.bytes, section.start, section.end));
    }
  }
  return out.view().slice();
}

interface Functions {
  readonly imports: readonly TemplateImport[];
  /** Of a function of the template, its number in the module; undefined for an import that is left out. */
  readonly indexOf: (index: number) => number | undefined;
  /** The first of the appended functions. */
  readonly firstEntry: number;
}

function renumber({ imports, functionTypes }: TemplateParts, shape: ModuleShape): Functions {
  const kept: TemplateImport[] = [];
  const numbers = imports.map((entry) => {
    if (!shape.imports(entry)) return undefined;
    return kept.push(entry) - 1;
  });
  const removed = imports.length - kept.length;
  return {
    imports: kept,
    indexOf: (index) => (index < imports.length ? numbers[index] : index - removed),
    firstEntry: kept.length + functionTypes.length,
  };
}

function importSection(imports: readonly TemplateImport[]): ByteWriter {
  const writer = new ByteWriter().u32(imports.length);
  for (const { module, name, description } of imports) writer.name(module).name(name).raw(description);
  return writer;
}

function functionSection({ functionTypes, imports, exports }: TemplateParts, entries: number): ByteWriter {
  const entryType = functionTypes[(exports.get('torii_entry')?.index ?? 0) - imports.length] ?? 0;
  const writer = new ByteWriter().u32(functionTypes.length + entries);
  for (const type of functionTypes) writer.u32(type);
  for (let left = entries; left > 0; left -= 1) writer.u32(entryType);
  return writer;
}

/** Those that change have to be exported by the template, so that their values can be had. */
function globalSection({ sections, exports }: TemplateParts, engine: Engine): ByteWriter {
  const names = new Map([...exports].filter(([, { kind }]) => kind === 3).map(([name, { index }]) => [index, name]));
  const reader = sectionReader(sections, 'global');
  const count = reader.u32();
  const writer = new ByteWriter().u32(count);
  for (let index = 0; index < count; index += 1) {
    const start = reader.offset;
    const [type, isMutable] = [reader.u8(), reader.u8() === 1];
    skipConstant(reader);
    const name = names.get(index);
    if (isMutable) writer.raw([type, 1, ...constant(type, initialValue(name, engine)), end]);
    else writer.copy(reader.bytes, start, reader.offset);
  }
  return writer;
}

/** Randomness begins anew in each instance. */
function initialValue(name: string | undefined, engine: Engine): number {
  if (name === undefined) throw new Error('the template has a global that changes and is not exported');
  return name === 'torii_random_state' || name === 'torii_is_seeded' ? 0 : Number(engine.global(name).value);
}

function constant(type: number, value: number): number[] {
  if (type === typeI32) return [i32Const, ...signedLeb(value)];
  if (type === typeI64 && value === 0) return [i64Const, 0];
  throw new Error('the template has a global of a type that cannot be kept');
}

function skipConstant(reader: ByteReader): void {
  const opcode = reader.u8();
  if (opcode !== i32Const && opcode !== i64Const) throw new Error('the template has a global that begins as no plain number');
  reader.skipLeb(opcode === i32Const ? 32 : 64);
  reader.u8();
}

function exportSection(names: readonly string[], firstEntry: number): ByteWriter {
  const writer = new ByteWriter().u32(names.length + 1);
  writer.name('memory').u8(memoryKind).u32(0);
  for (const [index, name] of names.entries())
    writer
      .name(name)
      .u8(functionKind)
      .u32(firstEntry + index);
  return writer;
}

/** Active segments of function indices for the first table, the only kind that the template has. */
function elementSection({ sections }: TemplateParts, indexOf: Functions['indexOf']): ByteWriter {
  const reader = sectionReader(sections, 'element');
  const segments = reader.u32();
  const writer = new ByteWriter(reader.end - reader.offset).u32(segments);
  for (let left = segments; left > 0; left -= 1) {
    const start = reader.offset;
    if (reader.u8() !== 0) throw new Error('the template has a segment of elements of another kind');
    skipConstant(reader);
    writer.copy(reader.bytes, start, reader.offset);
    const count = reader.u32();
    writer.u32(count);
    for (let element = count; element > 0; element -= 1) writer.u32(indexOf(reader.u32()) ?? 0);
  }
  return writer;
}

function codeSection(parts: TemplateParts, { indexOf }: Functions, entries: number): ByteWriter {
  const { sections, exports } = parts;
  const bodies = renumberedBodies(parts, indexOf);
  const reader = sectionReader(sections, 'code');
  const before = reader.offset;
  const count = reader.u32();
  const writer = new ByteWriter(bodies.length + entries * 16).u32(count + entries).copy(bodies, reader.offset - before, bodies.length);
  const invoke = new ByteWriter().u32(indexOf(exports.get('torii_invoke')?.index ?? 0) ?? 0).view();
  for (let entry = 0; entry < entries; entry += 1) {
    const body = [0, i32Const, ...signedLeb(entry), call, ...invoke, end];
    writer.u32(body.length).raw(body);
  }
  return writer;
}

function renumberedBodies({ sections, calls }: TemplateParts, indexOf: Functions['indexOf']): Uint8Array {
  const section = sections.known.get('code') ?? { start: 0, end: 0 };
  const bodies = sections.bytes.slice(section.start, section.end);
  for (const at of calls) {
    const index = ((bodies[at] ?? 0) & 0x7f) | ((bodies[at + 1] ?? 0) << 7);
    const renumbered = indexOf(index);
    if (renumbered === undefined) {
      bodies.set([unreachable, nop, nop], at - 1);
      continue;
    }
    bodies[at] = (renumbered & 0x7f) | 0x80;
    bodies[at + 1] = renumbered >> 7;
  }
  return bodies;
}
