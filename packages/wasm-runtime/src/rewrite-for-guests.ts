import { REWRITER_VERSION, rewriteModule } from '@torii/wasm-binary';
import './web-assembly.js';

/** Part of the name under which rewritten modules are kept: those of another version are made again. */
export const rewriterVersion = REWRITER_VERSION;

const pageBytes = 65_536;

export function memoryMaxPagesOf(memoryMaxBytes: number): number {
  return Math.max(1, Math.ceil(memoryMaxBytes / pageBytes));
}

/**
 * Rewrites a module to what guests are made of, and checks that the engine takes the result.
 *
 * Takes some 25 ms of this thread per MB. Throws an error that says what is wrong with the module.
 */
export function rewriteForGuests(bytes: Uint8Array, memoryMaxPages: number): Uint8Array {
  const rewritten = rewriteModule(bytes, { memoryMaxPages });
  // `validate` only says that something is wrong; the constructor throws what.
  if (!WebAssembly.validate(rewritten)) new WebAssembly.Module(rewritten);
  return rewritten;
}
