import { BuildError, type Diagnostic } from '@torii/contracts';
import type { BuildResult, BuildFailure as EsbuildFailure, OutputFile, TsconfigRaw } from 'esbuild';
import { type CompactSourceMap, compactSourceMap } from './compact-source-map.js';
import { diagnosticOf } from './esbuild-diagnostics.js';
import { loadEsbuild } from './load-esbuild.js';
import { PackageFolder } from './package-folder.js';
import { resolvePlugin } from './resolve-plugin.js';
import { VirtualTree } from './virtual-tree.js';

export interface BundleRequest {
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly entry: string;
  /** A folder `node_modules` with the function's dependencies. */
  readonly nodeModules?: string | undefined;
}

export interface BundleLimits {
  readonly codeMaxBytes: number;
  /** What the bundler's process may take of memory; its first use in this process decides. */
  readonly bundlerMaxBytes?: number | undefined;
}

/** All of a function in one script, whose value is a function of CommonJS: `(exports, module) => void`. */
export interface Bundle {
  readonly code: string;
  readonly sourceMap: CompactSourceMap;
  readonly warnings: readonly Diagnostic[];
}

/** Options of the function's tsconfig.json that mean something to a bundle. */
const keptCompilerOptions = [
  'experimentalDecorators',
  'jsx',
  'jsxFactory',
  'jsxFragmentFactory',
  'jsxImportSource',
  'useDefineForClassFields',
] as const;

/**
 * Bundles a function. Throws `BuildError`: `build.missing_entry`, `build.too_large` for a bundle of more than
 * `codeMaxBytes`, `build.memory_exceeded`, and `build.compile_failed` with every place that esbuild has something against.
 */
export async function bundle(request: BundleRequest, { codeMaxBytes, bundlerMaxBytes }: BundleLimits): Promise<Bundle> {
  const { files, entry, nodeModules } = request;
  if (!files.has(entry)) throw new BuildError('build.missing_entry', `There is no file ${entry} to begin with: add it, or set entry.`);
  const packages = nodeModules === undefined ? undefined : new PackageFolder(nodeModules);
  const result = await runEsbuild(request, packages, await loadEsbuild(bundlerMaxBytes));
  const [map, code] = [result.outputFiles.find(isMap), result.outputFiles.find((file) => !isMap(file))];
  if (code === undefined || map === undefined) throw new Error('esbuild answered without a bundle');
  if (code.contents.length > codeMaxBytes) {
    throw new BuildError(
      'build.too_large',
      `The function and its dependencies make ${code.contents.length} bytes of code; a build may make ${codeMaxBytes}.`,
    );
  }
  return {
    code: code.text,
    sourceMap: compactSourceMap(map.text),
    warnings: result.warnings.map((message) => diagnosticOf(message, 'warning')),
  };
}

async function runEsbuild(
  { files, entry }: BundleRequest,
  packages: PackageFolder | undefined,
  { build, stop }: Awaited<ReturnType<typeof loadEsbuild>>,
): Promise<BuildResult<{ write: false }>> {
  try {
    return await build({
      entryPoints: [entry],
      outfile: 'bundle.js',
      bundle: true,
      write: false,
      format: 'cjs',
      // What packages have for browsers asks least of what runs them.
      platform: 'browser',
      mainFields: ['browser', 'module', 'main'],
      target: 'es2023',
      sourcemap: 'external',
      sourcesContent: false,
      banner: { js: '(function (exports, module) {' },
      footer: { js: '})' },
      define: { 'process.env.NODE_ENV': '"production"', global: 'globalThis' },
      absWorkingDir: packages?.parent ?? '/',
      nodePaths: [],
      tsconfigRaw: tsconfigOf(files),
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      logLimit: 0,
      plugins: [resolvePlugin(new VirtualTree(files), packages)],
    });
  } catch (error) {
    if (!hasEnded(error)) throw failureOf(error);
    // The next build starts it again.
    await stop();
    const detail = 'Bundling needs more memory than it may have: the source is too large, or nested too deeply.';
    throw new BuildError('build.memory_exceeded', detail, { cause: error });
  }
}

/** The process has limits of its own, and ends when it meets one. */
function hasEnded(error: unknown): boolean {
  return error instanceof Error && /service (was stopped|is no longer running)/.test(error.message);
}

function failureOf(error: unknown): unknown {
  const failure = error as Partial<EsbuildFailure>;
  if (failure.errors !== undefined && failure.errors.length > 0) {
    const errors = failure.errors.map((message) => diagnosticOf(message, 'error'));
    const warnings = (failure.warnings ?? []).map((message) => diagnosticOf(message, 'warning'));
    return new BuildError('build.compile_failed', summaryOf(errors), { diagnostics: [...errors, ...warnings] });
  }
  return error;
}

function summaryOf([first, ...others]: readonly Diagnostic[]): string {
  const place = first?.file === undefined ? '' : `${first.file}:${first.line}:${first.column}: `;
  return `${place}${first?.message ?? 'unknown'}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}

function tsconfigOf(files: ReadonlyMap<string, Uint8Array>): TsconfigRaw {
  const options = compilerOptionsOf(files.get('tsconfig.json'));
  const kept = keptCompilerOptions.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
  return { compilerOptions: Object.fromEntries(kept) };
}

/** One with comments, or that is no JSON, counts as empty: nothing of it is needed by most functions. */
function compilerOptionsOf(file: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  if (file === undefined) return {};
  try {
    const { compilerOptions } = JSON.parse(Buffer.from(file).toString()) as { readonly compilerOptions?: unknown };
    return typeof compilerOptions === 'object' && compilerOptions !== null ? (compilerOptions as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function isMap(file: OutputFile): boolean {
  return file.path.endsWith('.map');
}
