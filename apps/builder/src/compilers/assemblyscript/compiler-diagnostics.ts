import { type Diagnostic, diagnosticsMax } from '@torii/contracts';

interface CompilerRange {
  readonly start: number;
  readonly end: number;
  readonly source: { readonly normalizedPath: string; readonly text: string } | null;
}

/** A message of asc; offsets count UTF-16 units of the source. */
export interface CompilerMessage {
  readonly message: string;
  readonly code: number;
  readonly category: number;
  readonly range: CompilerRange | null;
}

/** asc has seen as many errors as a build tells; it need not look for more. */
export class TooManyErrors extends Error {}

const categories = { warning: 2, error: 3 } as const;
const messageMax = 2_000;

/** Gathers what asc says about a source. */
export class CompilerDiagnostics {
  readonly all: Diagnostic[] = [];
  private readonly codes = new Set<number>();
  private errors = 0;

  /** `textOf` answers the text of a file by the path that asc gives it. */
  constructor(private readonly textOf: (path: string) => string | undefined) {}

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  has(code: number): boolean {
    return this.codes.has(code);
  }

  /** Throws `TooManyErrors`. */
  add({ message, code, category, range }: CompilerMessage): void {
    if (category !== categories.error && category !== categories.warning) return;
    const severity = category === categories.error ? 'error' : 'warning';
    this.codes.add(code);
    this.all.push({ severity, message: message.slice(0, messageMax), ...this.placeOf(range) });
    if (severity === 'error') this.errors += 1;
    if (this.all.length >= diagnosticsMax) throw new TooManyErrors();
  }

  private placeOf(range: CompilerMessage['range']): Pick<Diagnostic, 'file' | 'line' | 'column'> {
    if (range === null || range.source === null) return {};
    const { normalizedPath: file, text: compiled } = range.source;
    const text = this.textOf(file);
    if (text === undefined) return { file };
    const start = compiled === text ? range.start : onlyPlaceOf(compiled.slice(range.start, range.end), text);
    if (start === undefined) return { file };
    const before = text.slice(0, start);
    const lineStart = before.lastIndexOf('\n') + 1;
    return { file, line: before.split('\n').length, column: start - lineStart + 1 };
  }
}

/**
 * What transforms have generated has the name of the author's file, but is another text. Its names come from the author:
 * where one is written only once, that is the place.
 */
function onlyPlaceOf(name: string, text: string): number | undefined {
  if (!/^[\w$]+$/.test(name)) return undefined;
  const [first, ...others] = text.matchAll(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`, 'g'));
  return others.length === 0 ? first?.index : undefined;
}
