import { BuildError, type Diagnostic } from '@torii/contracts';
import type { BuildResult, BuildFailure as EsbuildFailure, OutputFile } from 'esbuild';
import { type CompactSourceMap, compactSourceMap } from './compact-source-map.js';
import { type Told, told } from './esbuild-diagnostics.js';
import { loadEsbuild } from './load-esbuild.js';
import { PackageFolder } from './package-folder.js';
import { PathAliases } from './path-aliases.js';
import { resolvePlugin } from './resolve-plugin.js';
import { readTsconfig, type Tsconfig } from './tsconfig.js';
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

/**
 * Bundles a function. Throws `BuildError`: `build.missing_entry`, `build.too_large` for a bundle of more than
 * `codeMaxBytes`, `build.memory_exceeded`, and `build.compile_failed` with every place that esbuild has something against.
 */
export async function bundle(request: BundleRequest, { codeMaxBytes, bundlerMaxBytes }: BundleLimits): Promise<Bundle> {
  const { files, entry, nodeModules } = request;
  if (!files.has(entry)) throw new BuildError('build.missing_entry', `There is no file ${entry} to begin with: add it, or set entry.`);
  const packages = nodeModules === undefined ? undefined : new PackageFolder(nodeModules);
  const tsconfig = readTsconfig(files);
  const result = await runEsbuild(request, { packages, tsconfig }, await loadEsbuild(bundlerMaxBytes));
  const { errors, warnings } = told(result);
  if (errors.length > 0) throw compileFailed({ errors, warnings });
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
    warnings: [...tsconfig.warnings, ...warnings],
  };
}

async function runEsbuild(
  { files, entry }: BundleRequest,
  { packages, tsconfig }: { readonly packages: PackageFolder | undefined; readonly tsconfig: Tsconfig },
  { build, stop }: Awaited<ReturnType<typeof loadEsbuild>>,
): Promise<BuildResult<{ write: false }>> {
  const source = new VirtualTree(files);
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
      tsconfigRaw: tsconfig.raw,
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
      logLimit: 0,
      plugins: [resolvePlugin(source, new PathAliases(tsconfig, source), packages)],
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
  const { errors = [], warnings = [] } = error as Partial<EsbuildFailure>;
  return errors.length > 0 ? compileFailed(told({ errors, warnings })) : error;
}

function compileFailed({ errors, warnings }: Told): BuildError {
  return new BuildError('build.compile_failed', summaryOf(errors), { diagnostics: [...errors, ...warnings] });
}

function summaryOf([first, ...others]: readonly Diagnostic[]): string {
  const place = first?.file === undefined ? '' : `${first.file}:${first.line}:${first.column}: `;
  return `${place}${first?.message ?? 'unknown'}${others.length > 0 ? ` (and ${others.length} more)` : ''}`;
}

function isMap(file: OutputFile): boolean {
  return file.path.endsWith('.map');
}
