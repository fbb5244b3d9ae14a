import { type Diagnostic, diagnosticsMax } from '@torii/contracts';

/** `main.wat:3:7: error: ...`, then the line, then carets; but for the memory that is used up, all that wabt has to say. */
const errorLine = /^(?<file>.*):(?<line>\d+):(?<column>\d+): (?<severity>error|warning): (?<message>.*)$/;
const messageMax = 2_000;

/** What wabt says is wrong with a source, as diagnostics with their places in `path`; columns count UTF-16 units. */
export function watDiagnostics(path: string, text: string, source: string): Diagnostic[] {
  const lines = source.split('\n');
  const found: Diagnostic[] = [];
  for (const line of text.split('\n')) {
    const { groups } = errorLine.exec(line) ?? {};
    if (groups === undefined) continue;
    const number = Math.max(1, Number(groups.line));
    found.push({
      severity: groups.severity === 'warning' ? 'warning' : 'error',
      message: (groups.message ?? '').slice(0, messageMax),
      file: path,
      line: number,
      column: columnOf(lines[number - 1] ?? '', Number(groups.column)),
    });
    if (found.length === diagnosticsMax) break;
  }
  return found;
}

/** wabt counts the bytes of a line. */
function columnOf(line: string, byteColumn: number): number {
  const bytes = Buffer.from(line);
  if (bytes.length === line.length) return Math.max(1, byteColumn);
  return bytes.subarray(0, Math.max(0, byteColumn - 1)).toString().length + 1;
}
