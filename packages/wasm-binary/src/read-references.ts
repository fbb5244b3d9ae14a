import type { ByteReader } from './byte-reader.js';
import { readConstantExpression } from './constant-expression.js';
import { formatLimits } from './format-limits.js';
import { type Sections, sectionReader } from './sections.js';
import { readValueType } from './value-type.js';
import { WasmFormatError } from './wasm-format-error.js';

export interface Global {
  /** Such as `i32`. */
  readonly type: string;
  readonly isMutable: boolean;
}

/** The module's own globals; adds the functions their initial values name to `referenced`. */
export function readGlobals(sections: Sections, referenced: Set<number>): Global[] {
  const reader = sectionReader(sections, 'global');
  const globals: Global[] = [];
  for (let left = reader.count('globals', formatLimits.globals); left > 0; left -= 1) {
    const type = readValueType(reader);
    globals.push({ type, isMutable: reader.u8() === 1 });
    readConstantExpression(reader, (index) => referenced.add(index));
  }
  reader.expectEnd('the globals');
  return globals;
}

/**
 * Adds the functions that element segments name to `referenced`, in whichever of the eight forms
 * (https://webassembly.github.io/spec/core/binary/modules.html#element-section).
 */
export function readElements(sections: Sections, referenced: Set<number>): void {
  const reader = sectionReader(sections, 'element');
  const add = (index: number): void => {
    referenced.add(index);
  };
  let elements = 0;
  for (let left = reader.count('element segments', formatLimits.elementSegments); left > 0; left -= 1) {
    const at = reader.offset;
    const flags = reader.u32();
    if (flags > 7) throw new WasmFormatError(`unknown form ${flags} of an element segment`, at);
    const isActive = (flags & 1) === 0;
    const hasTable = isActive && (flags & 2) !== 0;
    const hasExpressions = (flags & 4) !== 0;
    if (hasTable) reader.u32();
    if (isActive) readConstantExpression(reader, add);
    const hasType = (flags & 3) !== 0;
    if (hasType) readElementType(reader, hasExpressions);
    const count = reader.count('elements', formatLimits.elements);
    elements += count;
    if (elements > formatLimits.elements) throw new WasmFormatError(`more than ${formatLimits.elements} elements`, at);
    for (let element = count; element > 0; element -= 1) {
      if (hasExpressions) readConstantExpression(reader, add);
      else add(reader.u32());
    }
  }
  reader.expectEnd('the element segments');
}

/** A value type where expressions follow, else a kind, of which there is one. */
function readElementType(reader: ByteReader, hasExpressions: boolean): void {
  if (hasExpressions) readValueType(reader);
  else reader.skip(1);
}
