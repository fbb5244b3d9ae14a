import { BuildError, type Diagnostic } from '@torii/contracts';
import { bundle } from './bundle/bundle.js';
import { type SnapshotLimits, takeSnapshot } from './snapshot.js';

export interface CompileJavaScriptRequest {
  /** By relative path, without `..`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** The path that the build begins with. */
  readonly entry: string;
  /** Functions that the module must export; empty for whatever the source exports. */
  readonly functionNames: readonly string[];
  /** A folder `node_modules` with the function's dependencies; nothing else of the machine is read. */
  readonly nodeModules?: string | undefined;
}

export interface CompileJavaScriptLimits extends SnapshotLimits {
  readonly outputMaxBytes: number;
  /** What the bundler, a process of its own, may take of memory; without bounds when left out. The first build decides. */
  readonly bundlerMaxBytes?: number | undefined;
}

export interface CompiledJavaScript {
  /** An Extism plugin. */
  readonly wasm: Uint8Array;
  readonly exports: readonly string[];
  readonly warnings: readonly Diagnostic[];
  /** What the top level has written to `console`. */
  readonly log: string;
}

/**
 * Makes an Extism plugin of JavaScript or TypeScript: QuickJS, with the function loaded in its memory. The same request
 * makes the same bytes. Runs user code only inside of WebAssembly, and on this thread: call it where waiting is no harm.
 *
 * Throws `BuildError` for whatever the author must act on, with places in the sources.
 */
export async function compileJavaScript(request: CompileJavaScriptRequest, limits: CompileJavaScriptLimits): Promise<CompiledJavaScript> {
  const bundled = await bundle(request, { codeMaxBytes: limits.outputMaxBytes, bundlerMaxBytes: limits.bundlerMaxBytes });
  const { wasm, exports, log } = takeSnapshot(bundled, limits);
  refuseMissing(request, exports);
  if (wasm.length > limits.outputMaxBytes) {
    throw new BuildError('build.too_large', `The module has ${wasm.length} bytes; a build may make ${limits.outputMaxBytes}.`);
  }
  return { wasm, exports, warnings: bundled.warnings, log };
}

function refuseMissing({ entry, functionNames }: CompileJavaScriptRequest, exports: readonly string[]): void {
  const found = exports.length === 0 ? `${entry} exports no function` : `${entry} exports ${exports.slice(0, 20).join(', ')}`;
  if (exports.length === 0)
    throw new BuildError('build.missing_entry', `${found}: write "export function name() {...}" or "module.exports = { name }".`);
  const missing = functionNames.filter((name) => !exports.includes(name));
  if (missing.length > 0) throw new BuildError('build.missing_entry', `There is no exported function ${missing.join(', ')}: ${found}.`);
}
