import { type Diagnostic, diagnosticsMax } from '@torii/contracts';

/** `main.wat:3:7: error: ...`, then the line, then carets; but for the memory that is used up, all that wabt has to say. */
const errorLine = /^(?<file>.*):(?<line>\d+):(?<column>\d+): (?<severity>error|warning): (?<message>.*)$/;
const messageMax = 2_000;

/** What wabt says is wrong, as diagnostics with their places in `path`; columns count bytes, as wabt does. */
export function watDiagnostics(path: string, text: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  for (const line of text.split('\n')) {
    const { groups } = errorLine.exec(line) ?? {};
    if (groups === undefined) continue;
    found.push({
      severity: groups.severity === 'warning' ? 'warning' : 'error',
      message: (groups.message ?? '').slice(0, messageMax),
      file: path,
      line: Math.max(1, Number(groups.line)),
      column: Math.max(1, Number(groups.column)),
    });
    if (found.length === diagnosticsMax) break;
  }
  return found;
}
