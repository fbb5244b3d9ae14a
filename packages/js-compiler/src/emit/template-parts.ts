import { ByteReader, readSections, type SectionName, type Sections, sectionReader } from '@torii/wasm-binary';
import { engineFiles } from '../engine/template.js';

export interface TemplateImport {
  readonly module: string;
  readonly name: string;
  /** What follows the two names. */
  readonly description: Uint8Array;
}

/** The parts of the template that modules have in a form of their own; read once per thread. */
export interface TemplateParts {
  readonly sections: Sections;
  readonly imports: readonly TemplateImport[];
  /** Types of the functions that the template has itself, as indices. */
  readonly functionTypes: readonly number[];
  readonly exports: ReadonlyMap<string, { readonly kind: number; readonly index: number }>;
  /** Where, from the beginning of the code section, the two bytes of a function's index lie. */
  readonly calls: readonly number[];
}

let parts: TemplateParts | undefined;

export function templateParts(): TemplateParts {
  parts ??= read(engineFiles().template);
  return parts;
}

const functionKind = 0;

function read(template: Uint8Array): TemplateParts {
  const sections = readSections(template);
  return {
    sections,
    imports: readImports(sections),
    functionTypes: readVector(sections, 'function', (reader) => reader.u32()),
    exports: new Map(readVector(sections, 'export', (reader) => [reader.name(), { kind: reader.u8(), index: reader.u32() }])),
    calls: readCalls(template),
  };
}

function readImports(sections: Sections): TemplateImport[] {
  return readVector(sections, 'import', (reader) => {
    const [module, name] = [reader.name(), reader.name()];
    const start = reader.offset;
    if (reader.u8() !== functionKind) throw new Error(`the template imports "${module}" "${name}", which is no function`);
    reader.u32();
    return { module, name, description: reader.bytes.subarray(start, reader.offset) };
  });
}

function readVector<T>(sections: Sections, section: SectionName, one: (reader: ByteReader) => T): T[] {
  const reader = sectionReader(sections, section);
  return Array.from({ length: reader.u32() }, () => one(reader));
}

/** The custom section that scripts/generate-template.mjs appends. */
function readCalls(template: Uint8Array): number[] {
  const reader = new ByteReader(template, 8);
  while (!reader.isAtEnd) {
    const id = reader.u8();
    const end = reader.u32() + reader.offset;
    if (id === 0 && reader.name() === 'torii.calls') {
      let last = 0;
      return Array.from({ length: reader.u32() }, () => {
        last += reader.u32();
        return last;
      });
    }
    reader.skip(end - reader.offset);
  }
  throw new Error('the template does not say where its calls are');
}
