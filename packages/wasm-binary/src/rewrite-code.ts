import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import type { AppendedIndices } from './check-code.js';
import type { CheckPoint } from './check-point.js';
import { CodeEvents } from './code-events.js';
import { formatLimits } from './format-limits.js';
import type { FunctionType } from './module-shape.js';
import { planChecks } from './plan-checks.js';
import { type Arities, type Arity, CodeReader } from './read-code.js';
import { type Sections, sectionReader } from './sections.js';
import { readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';
import { type FunctionBody, writeFunction } from './write-function.js';

export interface FunctionSpace {
  readonly types: readonly FunctionType[];
  readonly importedFunctions: number;
  /** Type indices of the imported ones. */
  readonly importedTypeIndices: readonly number[];
  /** Type indices of the module's own functions. */
  readonly typeIndices: readonly number[];
}

/** The code of a module, read and not yet judged. */
export interface ReadCode {
  readonly bodies: readonly FunctionBody[];
  readonly events: CodeEvents;
  /** Where each function's events begin, and, last, where they end. */
  readonly starts: Int32Array;
  readonly referenced: ReadonlySet<number>;
  /** The first instruction that changes a table or drops a segment, by name. */
  readonly lastingChange: string | undefined;
}

export interface RewrittenCode {
  /** How many bodies there are, and the bodies. */
  readonly count: number;
  readonly bodies: ByteWriter;
  /** The content of the custom section `metadata.code.branch_hint`, behind its name. */
  readonly hints: ByteWriter;
  /** Functions behind the module's own, of the type of the yield hook, that do nothing and that no one calls. */
  readonly emptyFunctions: number;
  readonly checkedFunctions: number;
  readonly loops: number;
}

/** From here on a function is not a small one for V8, in bytes. */
const smallFunctionBytes = 50;

/** Reads all functions. Throws `WasmFormatError` for what cannot be read, is not supported, or is beyond a limit. */
export function readCode(sections: Sections, space: FunctionSpace): ReadCode {
  const { types, typeIndices } = space;
  const reader = sectionReader(sections, 'code');
  const start = reader.offset;
  const count = reader.u32();
  if (count !== typeIndices.length) throw new WasmFormatError(`there are ${count} bodies for ${typeIndices.length} functions`, start);
  const codeBytes = reader.end - start;
  if (codeBytes > formatLimits.codeBytes) throw codeTooLarge(`${codeBytes} bytes of code`, start);
  const events = new CodeEvents((reader.end - start) >> 1);
  const codeReader = new CodeReader(sections.bytes, events, aritiesOf(space));
  const starts = new Int32Array(count + 1);
  const bodies: FunctionBody[] = [];
  for (const [index, typeIndex] of typeIndices.entries()) {
    const at = reader.offset;
    const length = reader.u32();
    if (length > formatLimits.functionBytes) throw functionTooLarge(length, at);
    const body = new ByteReader(sections.bytes, reader.offset, reader.offset + length);
    reader.skip(length);
    const type = types[typeIndex];
    if (type === undefined) throw new WasmFormatError(`a function of type ${typeIndex}, which does not exist`, at);
    const bodyStart = body.offset;
    const { localCount, referenceCount } = readLocals(body, type.params.length);
    bodies.push({ start: bodyStart, codeStart: body.offset, end: body.end, localCount });
    codeReader.read(body.offset, body.end, { arity: arityOf(type), localCount, referenceCount });
    starts[index + 1] = events.length;
  }
  reader.expectEnd('the code');
  const { referenced, lastingChange } = codeReader;
  return { bodies, events, starts, referenced, lastingChange };
}

/**
 * Puts checks into code that is valid and was read by `readCode`. `growBody` is that of the function behind the module's
 * own, with its length; empty when there is none.
 */
export function rewriteCode(
  bytes: Uint8Array,
  code: ReadCode,
  space: FunctionSpace,
  referenced: ReadonlySet<number>,
  indices: AppendedIndices,
  growBody: readonly number[],
): RewrittenCode {
  const plan = planFor(bytes, code, space, referenced);
  const length = (code.bodies.at(-1)?.end ?? 0) - (code.bodies[0]?.start ?? 0);
  const written = new ByteWriter(Math.ceil(length * 1.25) + 64);
  const hints = new ByteWriter();
  const body = new ByteWriter(4096);
  let hintedFunctions = 0;
  let checkedFunctions = 0;
  let loops = 0;
  const small = { before: 0, after: 0 };
  for (const [index, functionBody] of code.bodies.entries()) {
    const points = plan[index] ?? [];
    const { start, end } = functionBody;
    if (end - start < smallFunctionBytes) small.before += 1;
    if (points.length === 0) {
      written.u32(end - start).copy(bytes, start, end);
      if (end - start < smallFunctionBytes) small.after += 1;
      continue;
    }
    body.clear();
    const unlikelyAt = writeFunction(body, bytes, functionBody, points, indices);
    if (body.length > formatLimits.functionBytes) throw functionTooLarge(body.length, start);
    written.u32(body.length).raw(body.view());
    if (written.length > formatLimits.codeBytes) throw codeTooLarge(`with its checks ${written.length} bytes of code`, start);
    if (body.length < smallFunctionBytes) small.after += 1;
    hintedFunctions += 1;
    writeHints(hints, space.importedFunctions + index, unlikelyAt);
    loops += countLoops(points);
    if (points.some(({ kind }) => kind === 'pay')) checkedFunctions += 1;
  }
  written.raw(growBody);
  const ownFunctions = code.bodies.length + (growBody.length > 0 ? 1 : 0);
  const emptyFunctions = emptyFunctionsFor(small, code.bodies.length);
  for (let left = emptyFunctions; left > 0; left -= 1) written.raw(emptyBody);
  return {
    count: ownFunctions + emptyFunctions,
    bodies: written,
    hints: new ByteWriter(hints.length + 8).u32(hintedFunctions).raw(hints.view()),
    ...{ emptyFunctions, checkedFunctions, loops },
  };
}

/** Its length, no locals, `end`. */
const emptyBody = [2, 0, 0x0b];

/**
 * How many empty functions it takes for the share of small functions to be what it was. V8 infers from that share whether
 * a toolchain has inlined already, from a quarter to a half of all functions (`InliningTree::BudgetScaleFactor`); checks
 * make functions larger, and a recursive one would take twice as long for that alone.
 */
function emptyFunctionsFor(small: { readonly before: number; readonly after: number }, functions: number): number {
  if (functions === 0) return 0;
  const share = Math.min(0.5, small.before / functions);
  return Math.max(0, Math.ceil((share * functions - small.after) / (1 - share)));
}

function planFor(bytes: Uint8Array, code: ReadCode, space: FunctionSpace, referenced: ReadonlySet<number>): readonly (readonly CheckPoint[])[] {
  const { types, importedFunctions, typeIndices } = space;
  const numbers = new Map<string, number>();
  const signatureOfType = types.map(({ params, results }) => {
    const key = `${params.join()}:${results.join()}`;
    const number = numbers.get(key) ?? numbers.size;
    numbers.set(key, number);
    return number;
  });
  const isReferenced = new Uint8Array(typeIndices.length);
  for (const index of referenced) if (index >= importedFunctions) isReferenced[index - importedFunctions] = 1;
  return planChecks({
    bytes,
    events: code.events,
    starts: code.starts,
    importedFunctions,
    signatures: Int32Array.from(typeIndices, (typeIndex) => signatureOfType[typeIndex] ?? 0),
    signatureCount: numbers.size,
    signatureOfType: (typeIndex) => signatureOfType[typeIndex] ?? 0,
    isReferenced,
  });
}

function aritiesOf({ types, importedTypeIndices, typeIndices }: FunctionSpace): Arities {
  const arities = types.map(arityOf);
  const typeOf = (functionIndex: number): number =>
    importedTypeIndices[functionIndex] ?? typeIndices[functionIndex - importedTypeIndices.length] ?? -1;
  return {
    ofType: (typeIndex) => arities[typeIndex],
    ofFunction: (functionIndex) => arities[typeOf(functionIndex)],
  };
}

function arityOf({ params, results }: FunctionType): Arity {
  return { params: params.length, results: results.length };
}

interface Locals {
  /** Parameters included. */
  readonly localCount: number;
  readonly referenceCount: number;
}

function readLocals(body: ByteReader, paramCount: number): Locals {
  let localCount = paramCount;
  let referenceCount = 0;
  for (let left = body.count('groups of locals', formatLimits.locals); left > 0; left -= 1) {
    const at = body.offset;
    const count = body.u32();
    localCount += count;
    if (localCount > formatLimits.locals) {
      throw new WasmFormatError(`a function of ${localCount} locals; at most ${formatLimits.locals} are accepted`, at);
    }
    if (readValueType(body).endsWith('ref')) referenceCount += count;
  }
  return { localCount, referenceCount };
}

/** https://github.com/WebAssembly/branch-hinting: per function its index and, per hint, where, a length of 1, and 0 for unlikely. */
function writeHints(hints: ByteWriter, functionIndex: number, unlikelyAt: readonly number[]): void {
  hints.u32(functionIndex).u32(unlikelyAt.length);
  for (const at of unlikelyAt) hints.u32(at).u8(1).u8(0);
}

function countLoops(points: readonly CheckPoint[]): number {
  let loops = 0;
  for (const { kind } of points) if (kind === 'loop') loops += 1;
  return loops;
}

function codeTooLarge(size: string, at: number): WasmFormatError {
  return new WasmFormatError(`${size}; at most ${formatLimits.codeBytes} are accepted`, at);
}

function functionTooLarge(length: number, at: number): WasmFormatError {
  return new WasmFormatError(`a function of ${length} bytes, checks included; at most ${formatLimits.functionBytes} are accepted`, at);
}
