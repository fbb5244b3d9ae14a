import { BuildError } from '@torii/contracts';
import { stop } from 'esbuild';
import { type FunctionOptions, type LoadedFunction, loadGuest } from '../../wasm-runtime/test/a-function.js';
import { type CompiledJavaScript, type CompileJavaScriptLimits, type CompileJavaScriptRequest, compileJavaScript } from '../src/index.js';

export type { LoadedFunction } from '../../wasm-runtime/test/a-function.js';

const generous: CompileJavaScriptLimits = {
  outputMaxBytes: 32 * 1024 * 1024,
  memoryMaxBytes: 48 * 1024 * 1024,
  topLevelCpuMs: 60_000,
  topLevelWallMs: 300_000,
};

type Sources = string | Readonly<Record<string, string | Uint8Array>>;
type Options = Partial<CompileJavaScriptRequest & CompileJavaScriptLimits>;

/** Compiles sources by their path, or one text as index.ts. */
export function compile(sources: Sources, options: Options = {}): Promise<CompiledJavaScript> {
  const named = typeof sources === 'string' ? { 'index.ts': sources } : sources;
  const files = new Map(Object.entries(named).map(([path, content]): [string, Uint8Array] => [path, Buffer.from(content)]));
  const entry = options.entry ?? Object.keys(named)[0] ?? '';
  const { functionNames = [], nodeModules, ...limits } = options;
  return compileJavaScript({ files, entry, functionNames, nodeModules }, { ...generous, ...limits });
}

/** The error that compiling fails with; one that says so when it does not fail. */
export async function failureOf(sources: Sources, options: Options = {}): Promise<BuildError> {
  try {
    const { exports } = await compile(sources, options);
    return new BuildError('build.internal', `it compiles, and exports ${exports.join(', ')}`);
  } catch (error) {
    if (error instanceof BuildError) return error;
    throw error;
  }
}

/** What tests have loaded; closed by `closeAll`. */
const opened: LoadedFunction[] = [];

export async function load(wasm: Uint8Array, options: FunctionOptions = {}): Promise<LoadedFunction> {
  const loaded = await loadGuest(wasm, options);
  opened.push(loaded);
  return loaded;
}

/** Compiles and loads; calls go to the function `run`. */
export async function loadSource(sources: Sources, options: FunctionOptions = {}): Promise<LoadedFunction> {
  return load((await compile(sources)).wasm, options);
}

/** For the end of each file: esbuild's process would keep that of the tests. */
export async function closeAll(): Promise<void> {
  await Promise.all(opened.splice(0).map((loaded) => loaded.close()));
  await stop();
}

/** What one call fails with, as `code: detail`. */
export async function failureOfCall(loaded: LoadedFunction, input = ''): Promise<string> {
  return loaded.call(input).then(
    () => 'none',
    (error: { readonly code?: string; readonly detail?: string; readonly message?: string }) => `${error.code}: ${error.detail ?? error.message}`,
  );
}
