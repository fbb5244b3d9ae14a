import path from 'node:path';
import { type Diagnostic, diagnosticsMax } from '@torii/contracts';

/** `./main.go:5:2: message`; go list leaves out the dot, and go.mod has no columns. */
const positionPattern = /^(?:vet: )?(\S[^:\n]*\.go|\S*go\.(?:mod|sum|work)):(\d+)(?::(\d+))?:\s+(.*)$/;
const messageMax = 8_000;
const tooMany = /^too many errors/;

export interface GoOutputContext {
  /** Folder of the function's files, as it was called inside. */
  readonly root: string;
  /** Of the folder that go ran in, within the function. */
  readonly moduleFolder: string;
  /** The files as their author wrote them. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** What go says went wrong. Errors without a place keep their text; lines that only head others are left out. */
export function parseGoOutput(output: string, context: GoOutputContext): Diagnostic[] {
  const found: Found[] = [];
  const sources = new Sources(context.files);
  for (const line of output.replaceAll(`${context.root}/`, '').split('\n')) {
    if (line.trim() === '' || line.startsWith('# ') || tooMany.test(line) || isProgress(line)) continue;
    const last = found.at(-1);
    if (/^\s/.test(line) && last !== undefined) {
      last.message += ` ${line.trim()}`;
      continue;
    }
    if (found.length === diagnosticsMax) break;
    found.push(parseLine(line, { ...context, sources }));
  }
  return found.map(({ message, place }) => ({ severity: 'error', message: message.slice(0, messageMax), ...place }));
}

function isProgress(line: string): boolean {
  return /^go: (?:downloading|finding module|found|added|upgraded|downgraded|extracting) /.test(line) || /^go: errors parsing .*go\.mod:$/.test(line);
}

interface Found {
  message: string;
  readonly place: Pick<Diagnostic, 'file' | 'line' | 'column'>;
}

function parseLine(line: string, context: GoOutputContext & { readonly sources: Sources }): Found {
  const [, where, lineText, columnText, message] = positionPattern.exec(line) ?? [];
  if (where === undefined || message === undefined) return { message: line.replace(/^go: /, ''), place: {} };
  const file = path.posix.normalize(path.posix.join(context.moduleFolder, where));
  const lines = context.sources.linesOf(file);
  // In a dependency, or in a file that was added: the place means nothing to the author.
  if (lines === undefined) return { message: `${path.posix.basename(where)}:${lineText}: ${message}`, place: {} };
  const lineNumber = Number(lineText);
  const place = { file, line: lineNumber };
  if (columnText === undefined) return { message, place };
  return { message, place: { ...place, column: utf16Column(lines[lineNumber - 1] ?? '', Number(columnText)) } };
}

/** The author's files by lines, each split once however many errors it has. */
class Sources {
  private readonly split = new Map<string, readonly string[]>();

  constructor(private readonly files: ReadonlyMap<string, Uint8Array>) {}

  linesOf(file: string): readonly string[] | undefined {
    const bytes = this.files.get(file);
    if (bytes === undefined) return undefined;
    const known = this.split.get(file);
    if (known !== undefined) return known;
    const lines = Buffer.from(bytes).toString('utf8').split('\n');
    this.split.set(file, lines);
    return lines;
  }
}

/** Go counts bytes. */
function utf16Column(line: string, byteColumn: number): number {
  return (
    Buffer.from(line, 'utf8')
      .subarray(0, byteColumn - 1)
      .toString('utf8').length + 1
  );
}
