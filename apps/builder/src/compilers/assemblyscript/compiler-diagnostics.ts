import { type Diagnostic, diagnosticsMax } from '@torii/contracts';

/** A message of asc; offsets count UTF-16 units of the source. */
export interface CompilerMessage {
  readonly message: string;
  readonly code: number;
  readonly category: number;
  readonly range: { readonly start: number; readonly source: { readonly normalizedPath: string } | null } | null;
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

  /** `shown` is how asc shows the message to a human. Throws `TooManyErrors`. */
  add(said: CompilerMessage, shown: string): void {
    const { message, code, category } = said;
    if (category !== categories.error && category !== categories.warning) return;
    const severity = category === categories.error ? 'error' : 'warning';
    this.codes.add(code);
    this.all.push({ severity, message: message.slice(0, messageMax), ...this.placeOf(said, shown) });
    if (severity === 'error') this.errors += 1;
    if (this.all.length >= diagnosticsMax) throw new TooManyErrors();
  }

  private placeOf({ message, range }: CompilerMessage, shown: string): Place {
    const file = range?.source?.normalizedPath;
    if (range === null || file === undefined) return {};
    const text = this.textOf(file);
    if (text === undefined) return { file };
    const place = placeAt(text, range.start);
    if (shown.includes(`${file}(${place.line},${place.column})`)) return { file, ...place };
    const start = onlyPlaceOf(message, text);
    return start === undefined ? { file } : { file, ...placeAt(text, start) };
  }
}

type Place = Pick<Diagnostic, 'file' | 'line' | 'column'>;

function placeAt(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: before.length - before.lastIndexOf('\n') };
}

/**
 * What a transform has generated goes by the name of the author's file, but is another text. The names in it are the
 * author's: where the one that the message quotes is written only once, that is the place.
 */
function onlyPlaceOf(message: string, text: string): number | undefined {
  const [, name] = /'([\w$]+)'/.exec(message) ?? [];
  if (name === undefined) return undefined;
  const [first, ...others] = text.matchAll(new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$&')}(?![\\w$])`, 'g'));
  return others.length === 0 ? first?.index : undefined;
}
