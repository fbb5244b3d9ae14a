import { setFlagsFromString } from 'node:v8';
import { AppError } from '@torii/contracts';
import { describeModule, type ModuleExport, type ModuleImport, rewrittenExports } from '@torii/wasm-binary';
import { memoryMaxPagesOf, rewriteForGuests } from './rewrite-for-guests.js';
import type { WasmModule } from './web-assembly.js';

/** A module as guests are made of: rewritten and compiled. Can be posted to data threads, which share the code. */
export interface PreparedModule {
  readonly module: WasmModule;
  readonly rewrittenBytes: number;
  /** Whether its functions are compiled when they are first called, which that call has to wait for. */
  readonly isLazy: boolean;
  /** Of the rewritten module, with types. */
  readonly imports: readonly ModuleImport[];
  readonly exports: readonly ModuleExport[];
}

/** Whether an instance can be put back to a state it had by its memory and its mutable globals alone. */
export function isRestorable({ exports }: Pick<PreparedModule, 'exports'>): boolean {
  return exports.some(({ name }) => name === rewrittenExports.restorable);
}

/**
 * Rewrites and compiles a module on this thread. A node does the first half in a `RewriteThread`, since it takes some
 * 45 ms per MB. Throws `config.compile_failed` that says what is wrong with the module.
 */
export async function prepareModule(bytes: Uint8Array, limits: { readonly memoryMaxBytes: number }): Promise<PreparedModule> {
  let rewritten: Uint8Array;
  try {
    rewritten = rewriteForGuests(bytes, memoryMaxPagesOf(limits.memoryMaxBytes));
  } catch (error) {
    throw compileFailed(error);
  }
  return compilePrepared(rewritten);
}

/**
 * Compiles a module that was rewritten before, in the background; with `isLazy` it is only checked, and takes a third to a
 * half of the memory until it is called. Throws `config.compile_failed`.
 */
export async function compilePrepared(rewritten: Uint8Array, { isLazy = false }: { readonly isLazy?: boolean } = {}): Promise<PreparedModule> {
  try {
    const { imports, exports } = describeModule(rewritten);
    const module = await compileInTurn(rewritten, isLazy);
    return { module, rewrittenBytes: rewritten.length, isLazy, imports, exports };
  } catch (error) {
    throw compileFailed(error);
  }
}

/**
 * A custom section by the name of `torii.lazy`. V8 answers a module that it has, of the same bytes, however that was
 * compiled: what is compiled ahead must not be the one that was not.
 */
const lazySection = Buffer.from('\u0000\u000b\u000atorii.lazy');

let compiling: Promise<unknown> = Promise.resolve();

/** V8 looks at its flag somewhere on the way, so that there must not be two at once. One alone has all cores. */
function compileInTurn(bytes: Uint8Array, isLazy: boolean): Promise<WasmModule> {
  const compiled = compiling.then(() => compile(bytes, isLazy));
  compiling = compiled.catch(() => undefined);
  return compiled;
}

/**
 * By default V8 compiles a function when it is first called, so that the first request would pay for it: some 20 ms for a
 * small Go guest, against 70 ms of background work here. The flag is V8's, for the whole process.
 */
async function compile(rewritten: Uint8Array, isLazy: boolean): Promise<WasmModule> {
  const bytes = isLazy ? Buffer.concat([rewritten, lazySection]) : rewritten;
  setFlagsFromString(isLazy ? '--wasm-lazy-compilation' : '--no-wasm-lazy-compilation');
  // V8's background work does not keep a process alive that has nothing else to do.
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    return await WebAssembly.compile(bytes);
  } finally {
    clearInterval(keepAlive);
  }
}

function compileFailed(error: unknown): AppError {
  return new AppError('config.compile_failed', { detail: error instanceof Error ? error.message : String(error), cause: error });
}
