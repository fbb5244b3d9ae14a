import { type BuildErrorCode, type BuildFailure, type Diagnostic, diagnosticsMax } from './build.js';

const detailMax = 8_000;

/** A build that failed through its source, its dependencies or its limits: an outcome, told to whoever wrote the source. */
export class BuildError extends Error {
  readonly code: BuildErrorCode;
  readonly diagnostics: readonly Diagnostic[];

  constructor(code: BuildErrorCode, detail: string, options: { readonly diagnostics?: readonly Diagnostic[]; readonly cause?: unknown } = {}) {
    super(detail.slice(0, detailMax), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'BuildError';
    this.code = code;
    this.diagnostics = (options.diagnostics ?? []).slice(0, diagnosticsMax);
  }

  toFailure(): BuildFailure {
    return { code: this.code, detail: this.message, diagnostics: [...this.diagnostics] };
  }
}
