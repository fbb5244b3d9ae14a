import { type Diagnostic, diagnosticsMax } from '@torii/contracts';
import { shownText } from './shown-text.js';

const messageMaxLength = 8_000;
const fileMaxLength = 512;

/**
 * What compilers say, cut to what an outcome may hold, and cleaned of control characters: an outcome that breaks the
 * contract could not be read by the control plane, and its author would not hear a word of it.
 */
export function reportedDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.slice(0, diagnosticsMax).map(({ severity, message, file, line, column }) => ({
    severity,
    message: shownText(message.slice(0, messageMaxLength)),
    ...(file === undefined ? {} : { file: file.slice(0, fileMaxLength) }),
    ...(isPosition(line) ? { line } : {}),
    ...(isPosition(column) ? { column } : {}),
  }));
}

function isPosition(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 1;
}
