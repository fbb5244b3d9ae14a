import { createHash } from 'node:crypto';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { BuildError, type LanguageStatus } from '@torii/contracts';
import { readOutput } from '../sandbox/read-output.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import { compileFailed, resultOf } from './compile-answer.js';
import type { CompileContext, CompileRequest, CompileResult, Compiler } from './compiler.js';
import { missingFunctions } from './exported-functions.js';
import { type CrateCompiled, compileCrate, moduleFile } from './rust/compile-crate.js';
import { DependencyCache } from './rust/dependency-cache.js';
import { type DependencyFill, dependencyFolders, fillDependencies, lockFile, readLock } from './rust/fill-dependencies.js';
import { findRust, type RustInstallation, type RustPlaces } from './rust/find-rust.js';
import { defaultManifest, readManifests, rootManifest } from './rust/manifest.js';
import { OwnCrates } from './rust/own-crates.js';
import { probeRust } from './rust/probe.js';
import { cargoError, RegistryUnreachable } from './rust/registry-failure.js';
import { skeletonOf } from './rust/skeleton.js';
import { writeFiles } from './rust/write-files.js';

export interface RustCompilerOptions extends RustPlaces {
  readonly sandbox: Sandbox;
  /** A folder of this builder alone, for what functions depend on. */
  readonly cacheFolder: string;
  readonly cacheMaxBytes?: number;
  /** `host:port` of the registry of crates. */
  readonly crateHosts?: readonly string[];
}

const rememberedMs = 30_000;
const defaultCacheMaxBytes = 4 * 1024 * 1024 * 1024;
const defaultCrateHosts = ['index.crates.io:443', 'static.crates.io:443'];
const ownCratesFolder = fileURLToPath(new URL('../../../../pdks/rust', import.meta.url));

/**
 * Rust, by cargo in the sandbox, with crates from crates.io. What a function depends on is compiled once for each set of
 * dependencies, apart from the function, so that no function can change what another one is built with; a function without
 * a `Cargo.lock` keeps the versions that were chosen then for as long as the builder remembers them.
 */
export class RustCompiler implements Compiler {
  readonly language = 'rust';
  private readonly cache: DependencyCache;
  private readonly ownCrates = new OwnCrates(ownCratesFolder);
  /** What the last probe found, for the installation that it was made with. */
  private probed: { readonly installation: string; readonly problem: string | undefined } | undefined;
  private looked: { readonly atMs: number; readonly found: Promise<RustInstallation | { readonly reason: string }> } | undefined;

  constructor(private readonly options: RustCompilerOptions) {
    const { cacheFolder, cacheMaxBytes = defaultCacheMaxBytes } = options;
    this.cache = new DependencyCache({ folder: path.join(cacheFolder, 'dependencies'), maxBytes: cacheMaxBytes });
  }

  async detect(): Promise<LanguageStatus> {
    const found = await this.installation();
    if ('reason' in found) return { name: this.language, available: false, reason: found.reason };
    const { rustcVersion, cargoVersion } = found;
    const toolchain = { rustc: rustcVersion, cargo: cargoVersion, ...(await this.ownCrates.versions()) };
    return { name: this.language, available: true, toolchain };
  }

  async compile(request: CompileRequest, context: CompileContext): Promise<CompileResult> {
    const rust = await this.installation();
    if ('reason' in rust) throw new BuildError('build.toolchain_missing', rust.reason);
    const files = completed(request);
    const manifests = readManifests(files, request.entry);
    const skeleton = skeletonOf(files, manifests);
    const { sandbox, crateHosts = defaultCrateHosts } = this.options;
    const fill: DependencyFill = {
      ...{ sandbox, rust, manifests, skeleton, crateHosts, context },
      replaced: this.ownCrates.instead(manifests.dependencies, { isOffline: false }),
      isOffline: false,
    };
    const built = await this.compileWith(fill, files).catch((error: unknown) => {
      if (!(error instanceof RegistryUnreachable)) throw error;
      return this.compileOffline(fill, files, error);
    });
    const missing = missingFunctions(built.wasm, request.functionNames, 'mark it #[plugin_fn], and pub');
    return { ...resultOf(missing ?? { ok: true, ...built, log: '' }, context), isMakeshift: built.isMakeshift === true };
  }

  /** With our own small `extism-pdk` instead of the real one, which is enough for functions that need no other crate. */
  private async compileOffline(fill: DependencyFill, files: ReadonlyMap<string, Uint8Array>, reason: RegistryUnreachable): Promise<CompileResult> {
    const { manifests, context } = fill;
    const replaced = this.ownCrates.instead(manifests.dependencies, { isOffline: true });
    const missing = [...manifests.dependencies].filter((name) => !replaced.has(name) && !manifests.ownCrates.includes(name));
    if (missing.length > 0) {
      throw new BuildError('build.dependencies_failed', `crates.io cannot be reached from the builder, for ${missing.join(', ')}: ${reason.message}`);
    }
    context.log('torii', 'crates.io cannot be reached: the function is built with the extism-pdk that Torii brings along instead of the real one\n');
    return { ...(await this.compileWith({ ...fill, replaced, isOffline: true }, files)), isMakeshift: true };
  }

  private async compileWith(fill: DependencyFill, files: ReadonlyMap<string, Uint8Array>): Promise<CompileResult> {
    const { context } = fill;
    const make = (folder: string): Promise<void> => {
      context.stage('dependencies');
      return fillDependencies(folder, fill);
    };
    return this.cache.use(await this.keyOf(fill), make, (folder) => this.compileFunction(folder, fill, files), context.signal);
  }

  private async compileFunction(dependencies: string, fill: DependencyFill, files: ReadonlyMap<string, Uint8Array>): Promise<CompileResult> {
    const { context } = fill;
    context.stage('compiling');
    const folder = await context.folder();
    const compiled = dependencyFolders(dependencies);
    const folders = { source: path.join(folder, 'source'), work: path.join(folder, 'work'), home: compiled.home };
    await writeFiles(folders.source, new Map([...files, [lockFile, await readLock(dependencies)]]));
    await mkdir(folders.work);
    const target = path.join(folders.work, 'target');
    // A copy, times and all, by which cargo sees that nothing has changed: a build may write whatever it wants to its own.
    await cp(path.join(compiled.work, 'target'), target, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    const crate = await compileCrate({ ...fill, folders });
    const { outputMaxBytes } = context.limits;
    const wasm = crate.result.exitCode === 0 ? await readOutput(folders.work, moduleFile, outputMaxBytes) : undefined;
    if (wasm === undefined) throw failureOf(crate, folders.source, context);
    return { wasm, warnings: crate.findings.own };
  }

  /** Everything that the compiled dependencies come from. */
  private async keyOf({ rust, skeleton, replaced, isOffline }: DependencyFill): Promise<string> {
    const parts = [rust.identity, rust.sysroot, [...replaced.keys()], await this.ownCrates.digest(replaced.values()), isOffline, skeleton.identity];
    return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  }

  /** One look serves all who ask within a while. */
  private installation(): Promise<RustInstallation | { readonly reason: string }> {
    const nowMs = performance.now();
    if (this.looked === undefined || nowMs - this.looked.atMs > rememberedMs) this.looked = { atMs: nowMs, found: this.find() };
    return this.looked.found;
  }

  private async find(): Promise<RustInstallation | { readonly reason: string }> {
    const found = await findRust(this.options);
    if ('reason' in found) return found;
    const { sandbox, cacheFolder } = this.options;
    const status = await sandbox.detect();
    if (status.kind === 'none' && status.reason !== undefined) return { reason: status.reason };
    const installation = JSON.stringify([found, status.kind]);
    if (this.probed?.installation !== installation || this.probed.problem !== undefined) {
      const problem = await probeRust(found, sandbox, cacheFolder).catch((error: Error) => `Rust cannot be tried: ${error.message}`);
      this.probed = { installation, problem };
    }
    return this.probed.problem === undefined ? found : { reason: this.probed.problem };
  }
}

/** The sources, with a manifest when there is none. Throws `build.missing_entry`. */
function completed({ files, entry, name }: CompileRequest): ReadonlyMap<string, Uint8Array> {
  if (files.has(rootManifest)) return files;
  if (!files.has(entry)) throw new BuildError('build.missing_entry', `There is no file ${entry} to begin with: add it, or set entry.`);
  return new Map([...files, [rootManifest, Buffer.from(defaultManifest(name, entry))]]);
}

function failureOf({ findings, stderr }: CrateCompiled, source: string, context: CompileContext): Error {
  if (/SIGXCPU|cputime limit/.test(stderr))
    return new BuildError('build.deadline_exceeded', 'The Rust compiler computed for too long: make the source simpler');
  if (/SIGXFSZ|file size limit/i.test(stderr)) return new BuildError('build.too_large', 'The build wrote a file that is too large');
  if (/signal: 9, SIGKILL|memory allocation of \d+ bytes failed|out of memory|Cannot allocate memory/i.test(stderr)) {
    const mebi = Math.floor(context.limits.memoryMaxBytes / 1_048_576);
    return new BuildError('build.memory_exceeded', `The Rust compiler needed more than ${mebi} MiB of memory: make the source simpler`);
  }
  const answer = compileFailed(
    findings.own.some(({ severity }) => severity === 'error') ? findings.own : [...findings.own, manifestError(stderr, source)],
  );
  return answer.ok ? new Error('a failure is no result') : new BuildError(answer.code, answer.detail, { diagnostics: answer.diagnostics });
}

/** What cargo itself says, such as that a build script has failed. */
function manifestError(stderr: string, source: string): { severity: 'error'; message: string } {
  return { severity: 'error', message: cargoError(stderr, source) };
}
