import { setFlagsFromString } from 'node:v8';
import { AppError } from '@torii/contracts';
import { describeModule, type ModuleExport, type ModuleImport, rewriteModule } from '@torii/wasm-binary';
import type { WasmModule } from './web-assembly.js';

/** A module as guests are made of: rewritten and compiled. Can be posted to data threads, which share the code. */
export interface PreparedModule {
  readonly module: WasmModule;
  readonly rewrittenBytes: number;
  /** Of the rewritten module, with types. */
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
}

const pageBytes = 65_536;

/**
 * Rewrites and compiles a module, once per version and process, off the request path.
 *
 * Rewriting takes some 25 ms per MB of this thread; compiling happens in the background. Throws
 * `config.compile_failed` that says what is wrong with the module.
 */
export async function prepareModule(bytes: Uint8Array, limits: { readonly memoryMaxBytes: number }): Promise<PreparedModule> {
  try {
    const rewritten = rewriteModule(bytes, { memoryMaxPages: Math.max(1, Math.ceil(limits.memoryMaxBytes / pageBytes)) });
    const { imports, exports } = describeModule(rewritten);
    const module = await compile(rewritten);
    return { module, rewrittenBytes: rewritten.length, imports, exports };
  } catch (error) {
    throw new AppError('config.compile_failed', { detail: error instanceof Error ? error.message : String(error), cause: error });
  }
}

/**
 * Compiles everything now. By default V8 compiles a function when it is first called, so that the first request would pay
 * for it out of its CPU budget: some 20 ms for a small Go guest, against 70 ms of background work here. The flag is V8's,
 * for the whole process; it is read each time a module is compiled.
 */
async function compile(bytes: Uint8Array): Promise<WasmModule> {
  setFlagsFromString('--no-wasm-lazy-compilation');
  // V8's background work does not keep a process alive that has nothing else to do.
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    return await WebAssembly.compile(bytes);
  } finally {
    clearInterval(keepAlive);
  }
}
