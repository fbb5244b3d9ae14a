import type { Imports, WasmMemory, WasmModule } from './web-assembly.js';
import { webAssembly } from './web-assembly.js';

/** What an engine calls out for while a function is built; a running module has none of the first three. */
export interface BuildHostListener {
  /** Asked every now and then by running JavaScript; true ends it. */
  interrupt(): boolean;
  /** A promise was rejected without anyone to handle it, or handled after all. Takes the boxes of the promise and the reason. */
  rejection(promise: number, reason: number, isHandled: boolean): void;
  /** A line of `console`. Takes the box of its text. */
  log(level: number, text: number): void;
}

/** What every build takes for now: the same source makes the same module. 2025-01-01T00:00:00Z. */
const buildTimeMs = 1_735_689_600_000;
const [success, badFile, notThere] = [0, 8, 52];

/** The imports of an engine while a function is built: no time passes, randomness is always the same, and nothing else is there. */
export function buildImports(module: WasmModule, memory: () => WasmMemory, listener: BuildHostListener): Imports {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const { module: namespace, name } of webAssembly.Module.imports(module)) {
    imports[namespace] = { ...imports[namespace], [name]: refuse(`${namespace} ${name}`) };
  }
  imports.wasi_snapshot_preview1 = { ...imports.wasi_snapshot_preview1, ...buildWasi(memory) };
  imports['torii:build'] = {
    interrupt: () => (listener.interrupt() ? 1 : 0),
    rejection: (promise: number, reason: number, isHandled: number) => listener.rejection(promise, reason, isHandled !== 0),
    log: (level: number, text: number) => listener.log(level, text),
  };
  return imports;
}

/** The prelude refuses before it comes to this. */
function refuse(what: string): () => never {
  return () => {
    throw new Error(`${what} was called while the function is built`);
  };
}

function buildWasi(memory: () => WasmMemory): Readonly<Record<string, (...args: never[]) => number>> {
  let state = 1;
  return {
    clock_time_get: (_id: number, _precision: bigint, pointer: number) => {
      new DataView(memory().buffer).setBigUint64(pointer, BigInt(buildTimeMs) * 1_000_000n, true);
      return success;
    },
    random_get: (pointer: number, length: number) => {
      const bytes = new Uint8Array(memory().buffer, pointer, length);
      for (let at = 0; at < length; at += 1) {
        // Of xorshift: https://doi.org/10.18637/jss.v008.i14
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        bytes[at] = state;
      }
      return success;
    },
    fd_write: () => notThere,
    fd_seek: () => notThere,
    fd_close: () => badFile,
    fd_fdstat_get: () => badFile,
  };
}
