import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, type LanguageStatus } from '@torii/contracts';
import { orAbandoned } from '../builds/or-abandoned.js';
import { GoModules, mayLackModules } from '../dependencies/go.js';
import { ownTemporaryFolder } from '../sandbox/mounts.js';
import { readOutput } from '../sandbox/read-output.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { CompileContext, CompileRequest, CompileResult, Compiler } from './compiler.js';
import { shortDigest } from './folder-digest.js';
import { findGo, type GoPlaces, type GoToolchain } from './go/find-go.js';
import { parseGoOutput } from './go/go-diagnostics.js';
import { goBuildFlags, goEnvironment } from './go/go-environment.js';
import { GoSeed } from './go/go-seed.js';
import { type GoSources, prepareGoSources } from './go/go-sources.js';
import { type GoAnswer, goLimits, runGo } from './go/run-go.js';

export interface GoCompilerOptions {
  readonly sandbox: Sandbox;
  readonly places: GoPlaces;
  /** A folder of the builder's own, for fetched modules. */
  readonly cacheFolder: string;
  /** For the seed of the cache, which builders of one machine and user may share; in `cacheFolder` unless given. */
  readonly seedFolder?: string | undefined;
  /** The module proxy; undefined for builds without a network. */
  readonly proxy?: string | undefined;
  readonly checksumDatabase?: string | undefined;
  /** Bound of the fetched modules that are kept. */
  readonly modulesMaxBytes?: number;
}

export const defaultGoProxy = 'https://proxy.golang.org';
export const defaultGoChecksumDatabase = 'sum.golang.org';

/** Torii's modules for Go, in the checkout; the same place from the sources and from the built files. */
const pdks = fileURLToPath(new URL('../../../../pdks/go/', import.meta.url));
const toriiFolder = path.join(pdks, 'torii');
const moduleFile = 'module.wasm';

/** Go for WASI by standard Go, https://go.dev/blog/wasmexport. */
export function goCompiler(options: GoCompilerOptions): Compiler {
  return new GoCompiler(options);
}

class GoCompiler implements Compiler {
  readonly language = 'go';
  private readonly seed: GoSeed;
  private readonly modules: GoModules;

  constructor(private readonly options: GoCompilerOptions) {
    const { sandbox, cacheFolder, seedFolder = path.join(cacheFolder, 'seeds'), proxy, checksumDatabase, modulesMaxBytes } = options;
    this.modules = new GoModules({
      sandbox,
      folder: path.join(cacheFolder, 'modules'),
      proxy,
      checksumDatabase,
      offlinePdk: path.join(pdks, 'extism'),
      ...(modulesMaxBytes === undefined ? {} : { maxBytes: modulesMaxBytes }),
    });
    this.seed = new GoSeed({ sandbox, folder: seedFolder, modules: this.modules, toriiFolder });
  }

  /** Also begins to make the seed of the cache, so that the first build need not. */
  async detect(): Promise<LanguageStatus> {
    const { reason } = await this.options.sandbox.detect();
    if (reason !== undefined) return { name: this.language, available: false, reason };
    const toolchain = await findGo(this.options.places);
    if (typeof toolchain === 'string') return { name: this.language, available: false, reason: toolchain };
    // The build that needs it says what is wrong with it.
    this.seed.prepare(toolchain).catch(() => undefined);
    return { name: this.language, available: true, toolchain: { go: toolchain.version, 'torii-pdk': await shortDigest(pdks) } };
  }

  async compile(request: CompileRequest, context: CompileContext): Promise<CompileResult> {
    const toolchain = await findGo(this.options.places);
    if (typeof toolchain === 'string') throw new BuildError('build.toolchain_missing', toolchain);
    const sources = prepareGoSources(request, {
      toriiFolder,
      isStandard: (name) => /^[a-z0-9/_-]+$/.test(name) && existsSync(path.join(toolchain.goRoot, 'src', name)),
    });
    for (const note of sources.notes) context.log('torii', `${note}\n`);
    const built = await this.modules.withModules((modules) => this.build(sources, { request, context, toolchain, modules }));
    // What stands in for a module that cannot be fetched is no package of it.
    if (!built.isMakeshift) this.seed.learn(toolchain, sources.sharedPackages);
    return { ...built, warnings: [] };
  }

  private async build(sources: GoSources, step: BuildStep): Promise<Pick<CompileResult, 'wasm' | 'isMakeshift'>> {
    const { request, context, toolchain, modules } = step;
    const root = await context.folder();
    const source = path.join(root, 'src');
    const temporary = await temporaryFolder(this.options.sandbox, root);
    const folders = { modules, cache: path.join(temporary, 'torii-go-cache'), temporary };
    await writeFiles(source, sources.files);
    const { signal, log } = context;
    const onWait = (): void => log('torii', "Go's own library is compiled first, once for all builds: this one goes on after that\n");
    // Others wait for it as well, and it goes on for them.
    const seed = await orAbandoned(this.seed.of(toolchain, onWait), signal, 0);
    const cwd = path.join(source, sources.moduleFolder);
    const limits = goLimits(context.limits);
    const readOnly = [pdks];
    const parse = (output: string) => parseGoOutput(output, { root: source, moduleFolder: sources.moduleFolder, files: request.files });
    const say = (text: string): void => context.log('stderr', text.replaceAll(`${source}/`, ''));
    const compile = (): Promise<GoAnswer> => {
      context.stage('compiling');
      return runGo(this.options.sandbox, toolchain, {
        // All errors, not the first ten.
        args: ['build', '-mod=mod', '-gcflags=-e', ...goBuildFlags, '-o', path.join(root, moduleFile), sources.target],
        cwd,
        env: goEnvironment(toolchain, folders),
        seed,
        readOnly: [modules, ...readOnly],
        readWrite: [root],
        limits,
        signal,
        onMessage: sources.hasDependencies ? () => undefined : say,
      });
    };

    let answer = await compile();
    let isMakeshift = false;
    // Mostly the modules are there already; when they are not, go says so before it compiles anything.
    if (!answer.isOk && sources.hasDependencies && mayLackModules(answer)) {
      context.stage('dependencies');
      const { target } = sources;
      isMakeshift = await this.modules.fetch({
        ...{ toolchain, root, cwd, target, folders, seed, readOnly, limits, signal, parse },
        log: (text) => log('torii', `${text.trimEnd()}\n`),
      });
      answer = await compile();
    }
    if (sources.hasDependencies) say(answer.stderr);
    if (!answer.isOk) throw compileFailure(parse(answer.stderr));
    const wasm = await readOutput(root, moduleFile, context.limits.outputMaxBytes);
    if (wasm === undefined) throw new BuildError('build.compile_failed', `${request.entry} builds nothing: it must be in a package called main`);
    return { wasm, isMakeshift };
  }
}

interface BuildStep {
  readonly request: CompileRequest;
  readonly context: CompileContext;
  readonly toolchain: GoToolchain;
  readonly modules: string;
}

/**
 * Where go may write what no build keeps. In a sandbox that is in memory and gone with it: to make and to remove the
 * hundreds of files of a cache takes longer on a disk than to compile.
 */
async function temporaryFolder(sandbox: Sandbox, root: string): Promise<string> {
  const { kind } = await sandbox.detect();
  if (kind !== 'none') return ownTemporaryFolder;
  const folder = path.join(root, 'tmp');
  await mkdir(folder, { mode: 0o700 });
  return folder;
}

async function writeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  for (const [name, bytes] of files) {
    const place = path.join(folder, name);
    await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
    // Never over another: two paths may be one on some file systems.
    await writeFile(place, bytes, { flag: 'wx', mode: 0o600 });
  }
}

function compileFailure(diagnostics: ReturnType<typeof parseGoOutput>): BuildError {
  const [first] = diagnostics;
  const place = first?.file === undefined ? '' : `${first.file}:${first.line}: `;
  return new BuildError('build.compile_failed', first === undefined ? 'Go failed without a word' : `${place}${first.message}`, { diagnostics });
}
