import { BuildError, type BuildErrorCode, type Diagnostic } from '@torii/contracts';
import type { CompileContext, CompileResult } from './compiler.js';

/** What a compiling process answers: a module, or what the author of the source must act on. */
export type CompileAnswer =
  | { readonly ok: true; readonly wasm: Uint8Array; readonly warnings: readonly Diagnostic[]; readonly log: string }
  | {
      readonly ok: false;
      readonly code: BuildErrorCode;
      readonly detail: string;
      readonly diagnostics: readonly Diagnostic[];
      readonly log: string;
    };

export function rejected(code: BuildErrorCode, detail: string, diagnostics: readonly Diagnostic[] = [], log = ''): CompileAnswer {
  return { ok: false, code, detail, diagnostics, log };
}

/** `compile_failed` of these errors; its detail is the first of them. */
export function compileFailed(diagnostics: readonly Diagnostic[], log = '', hint = ''): CompileAnswer {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const detail = first === undefined ? 'The compiler gave up without saying why.' : `${placeOf(first)}${first.message}${more}${hint}`;
  return rejected('build.compile_failed', detail, diagnostics, log);
}

/** Logs what the compiler said, and makes a result or a `BuildError` of the answer. */
export function resultOf(answer: CompileAnswer, { log, limits }: Pick<CompileContext, 'log' | 'limits'>): CompileResult {
  if (answer.log !== '') log('stderr', answer.log);
  if (!answer.ok) throw new BuildError(answer.code, answer.detail, { diagnostics: answer.diagnostics });
  const { wasm, warnings } = answer;
  if (wasm.length > limits.outputMaxBytes) {
    throw new BuildError('build.too_large', `The module has ${wasm.length} bytes; a build may make ${limits.outputMaxBytes}.`);
  }
  return { wasm, warnings };
}

function placeOf({ file, line, column }: Diagnostic): string {
  if (file === undefined) return '';
  if (line === undefined) return `${file}: `;
  return column === undefined ? `${file}:${line}: ` : `${file}:${line}:${column}: `;
}
