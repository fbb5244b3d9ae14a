import {
  artifactMaxBytes,
  BuildError,
  type BuildErrorCode,
  type Diagnostic,
  diagnosticsMax,
  type FunctionSettings,
  type ModuleExport,
  type ModuleImport,
} from '@torii/contracts';
import { grantsOf } from '@torii/module-check';
import { describeModule, type ModuleDescription, WasmFormatError } from '@torii/wasm-binary';
import { checkExports } from './check-exports.js';
import { importErrors, missingGrants } from './check-imports.js';

export interface Wanted {
  /** Functions that the module must export; empty for any that can be called. */
  readonly functionNames: readonly string[];
  readonly settings: FunctionSettings;
}

export interface VerifiedArtifact {
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
  /** Grants that the settings lack: a plugin with these settings would be refused when it is saved. */
  readonly warnings: readonly Diagnostic[];
}

const magic = 0x0061736d;
const coreVersion = 1;
const componentLayer = 1;

/**
 * Checks a module that was built as a plugin would be checked when it is saved, before anything of it is compiled or run.
 * Takes a few milliseconds also for the largest: it reads imports and exports, no code.
 *
 * Throws `build.artifact_rejected` or `build.missing_entry` with everything that is wrong among the diagnostics.
 */
export async function verifyArtifact(wasm: Uint8Array, { functionNames, settings }: Wanted): Promise<VerifiedArtifact> {
  const misfit = misfitOf(wasm);
  if (misfit !== undefined) throw failure('build.artifact_rejected', [`the build made a file that ${misfit}`]);
  const { imports, exports, memoryMinBytes } = read(wasm);
  const rejected = [...importErrors(imports), ...memoryProblems(memoryMinBytes, settings.limits.memoryMaxBytes)];
  const asked = new Set(settings.functionName === undefined ? functionNames : [...functionNames, settings.functionName]);
  const missing = checkExports(exports, [...asked]);
  if (rejected.length > 0) throw failure('build.artifact_rejected', [...rejected, ...missing]);
  if (missing.length > 0) throw failure('build.missing_entry', missing);
  const lacking = missingGrants(imports, grantsOf(settings.hostFunctions));
  return { imports, exports, warnings: lacking.slice(0, diagnosticsMax).map(({ detail }) => ({ severity: 'warning', message: detail })) };
}

/** Says by name what a build may have made instead of a module. */
function misfitOf(wasm: Uint8Array): string | undefined {
  if (wasm.length === 0) return 'is empty';
  if (wasm.length > artifactMaxBytes) return `has ${wasm.length} bytes; a module may have ${artifactMaxBytes}`;
  const header = new DataView(wasm.buffer, wasm.byteOffset, wasm.byteLength);
  if (wasm.length < 8 || header.getUint32(0) !== magic) return 'is not WebAssembly: it does not begin with \\0asm';
  if (header.getUint32(4, true) === coreVersion) return undefined;
  if (header.getUint16(6, true) === componentLayer) return 'is a WebAssembly component: a core module is needed';
  return `is WebAssembly of version ${header.getUint32(4, true)}: version ${coreVersion} is needed`;
}

function read(wasm: Uint8Array): ModuleDescription {
  try {
    return describeModule(wasm);
  } catch (error) {
    if (!(error instanceof WasmFormatError)) throw error;
    throw failure('build.artifact_rejected', [`the module that was built is not valid: ${error.message}`], error);
  }
}

function memoryProblems(minBytes: number, maxBytes: number): string[] {
  if (minBytes <= maxBytes) return [];
  return [`the module begins with ${minBytes} bytes of memory: raise memoryMaxBytes of its settings from ${maxBytes}, or make it need less`];
}

function failure(code: BuildErrorCode, problems: readonly string[], cause?: unknown): BuildError {
  const [first = '', ...others] = problems;
  const detail = others.length === 0 ? first : `${first}; and ${others.length} more, see diagnostics`;
  return new BuildError(code, detail, { diagnostics: problems.map((message) => ({ severity: 'error', message: message.slice(0, 8_000) })), cause });
}
