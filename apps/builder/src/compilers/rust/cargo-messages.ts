import { type Diagnostic, diagnosticsMax } from '@torii/contracts';
import { z } from 'zod';

const Span = z.object({
  file_name: z.string(),
  line_start: z.int(),
  column_start: z.int(),
  is_primary: z.boolean(),
  text: z.array(z.object({ text: z.string() })),
  get expansion() {
    return z.object({ span: Span }).nullish();
  },
});
type Span = z.infer<typeof Span>;

/** https://doc.rust-lang.org/cargo/reference/external-tools.html and https://doc.rust-lang.org/rustc/json.html */
const CompilerMessage = z.object({
  reason: z.literal('compiler-message'),
  manifest_path: z.string(),
  message: z.object({
    level: z.string(),
    message: z.string(),
    rendered: z.string().nullish(),
    spans: z.array(Span),
    children: z.array(z.object({ level: z.string(), message: z.string() })),
  }),
});
type CompilerMessage = z.infer<typeof CompilerMessage>;

const lineMaxBytes = 1024 * 1024;
const messageMaxLength = 4_000;
const expansionsMax = 64;

/** What the compiler said: about the function's own files, and about crates that it depends on. */
export interface CargoFindings {
  readonly own: readonly Diagnostic[];
  /** First lines of errors, each with the crate that it is in. */
  readonly ofDependencies: readonly string[];
}

/** Collects what cargo prints on its standard output, one JSON object per line. Lines that are something else do not count. */
export class CargoMessages {
  private readonly own: Diagnostic[] = [];
  private readonly ofDependencies: string[] = [];
  private rest = Buffer.alloc(0);
  private isSkipping = false;

  /** `source` is the folder of the crate; `log` gets the messages as rustc writes them for people. */
  constructor(
    private readonly source: string,
    private readonly log: (text: string) => void,
  ) {}

  write(chunk: Buffer): void {
    let bytes = Buffer.concat([this.rest, chunk]);
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      if (!this.isSkipping) this.take(bytes.toString('utf8', 0, end));
      this.isSkipping = false;
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > lineMaxBytes) {
      this.isSkipping = true;
      bytes = Buffer.alloc(0);
    }
    this.rest = bytes;
  }

  findings(): CargoFindings {
    return { own: this.own, ofDependencies: this.ofDependencies };
  }

  private take(line: string): void {
    const found = parseLine(line);
    if (found === undefined) return;
    const { message, manifest_path: manifest } = found;
    if (message.rendered != null) this.log(message.rendered);
    const severity = message.level.startsWith('error') ? 'error' : 'warning';
    if (severity === 'warning' && message.level !== 'warning') return;
    if (isSummary(message.message)) return;
    if (!manifest.startsWith(`${this.source}/`)) {
      if (severity === 'error') this.ofDependencies.push(`${crateOf(manifest)}: ${message.message}`);
      return;
    }
    if (this.own.length < diagnosticsMax) this.own.push({ severity, message: fullText(message), ...placeOf(message.spans, this.source) });
  }
}

function parseLine(line: string): CompilerMessage | undefined {
  try {
    return CompilerMessage.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** "aborting due to 2 previous errors", "3 warnings emitted". */
function isSummary(message: string): boolean {
  return /^(aborting due to|\d+ warnings? emitted|For more information about)/.test(message);
}

/** A crate's folder in cargo's home is its name and version. */
function crateOf(manifest: string): string {
  return manifest.split('/').at(-2) ?? manifest;
}

function fullText({ message, children }: CompilerMessage['message']): string {
  const notes = children.filter(({ level }) => level === 'help' || level === 'note').map(({ level, message: text }) => `${level}: ${text}`);
  return [message, ...notes].join('\n').slice(0, messageMaxLength);
}

/** Where the author wrote it: for what a macro made, where the macro is used. */
function placeOf(spans: readonly Span[], source: string): Pick<Diagnostic, 'file' | 'line' | 'column'> {
  let span = spans.find((candidate) => candidate.is_primary) ?? spans[0];
  for (let depth = 0; span !== undefined && fileOf(span, source) === undefined && depth < expansionsMax; depth += 1) {
    span = span.expansion?.span;
  }
  const file = span === undefined ? undefined : fileOf(span, source);
  if (span === undefined || file === undefined) return {};
  return { file, line: Math.max(1, span.line_start), column: columnOf(span) };
}

/** Relative to the crate; undefined for what lies elsewhere. */
function fileOf({ file_name: name }: Span, source: string): string | undefined {
  if (name.startsWith(`${source}/`)) return name.slice(source.length + 1);
  return name.startsWith('/') || name.startsWith('<') || name.startsWith('..') ? undefined : name;
}

/** rustc counts characters, we count UTF-16 units. */
function columnOf({ column_start: column, text }: Span): number {
  const [line] = text;
  if (line === undefined) return Math.max(1, column);
  return [...line.text].slice(0, column - 1).join('').length + 1;
}
