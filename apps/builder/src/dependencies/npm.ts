import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { BuildError } from '@torii/contracts';
import type { CompileContext } from '../compilers/compiler.js';
import { findPrograms } from '../sandbox/find-program.js';
import { useOfFolder } from '../sandbox/folder-use.js';
import { createSandbox, type Sandbox } from '../sandbox/sandbox.js';
import type { SandboxLimits, SandboxResult } from '../sandbox/sandbox-run.js';
import { npmFailure } from './npm-failure.js';
import { type NpmManifest, readNpmManifest } from './npm-manifest.js';
import { type Outlet, withOutlet } from './outlet.js';

export interface NpmDependenciesOptions {
  /** What npm is confined by. Where there is none, npm runs as the builder: it runs no code of packages, and JavaScript is always there. */
  readonly sandbox: Sandbox;
  /** Of this builder alone: installed packages and npm's own cache. */
  readonly folder: string;
  /** As in PATH: where npm is looked for. */
  readonly searchPath: string;
  /** The only place that packages come from. */
  readonly registry: string;
  /** PEM file of authorities that the registry's certificate may come from, beside those that Node knows. */
  readonly caFile?: string | undefined;
  readonly limits?: Partial<NpmLimits>;
}

export interface NpmLimits {
  /** What one function may install. */
  readonly installMaxBytes: number;
  readonly installMs: number;
  /** What the folder may hold before the oldest of it goes. */
  readonly folderMaxBytes: number;
  /** How long packages without a lockfile are taken for what the registry still answers. */
  readonly freshMs: number;
  /** How long npm waits before it asks a registry again that did not answer; it asks twice. */
  readonly retryAfterMs: number;
}

const mebibyte = 1024 * 1024;
const npmLimits: NpmLimits = {
  installMaxBytes: 256 * mebibyte,
  installMs: 60_000,
  folderMaxBytes: 1024 * mebibyte,
  freshMs: 60 * 60_000,
  retryAfterMs: 10_000,
};
export const defaultNpmRegistry = 'https://registry.npmjs.org/';

const filesMax = 200_000;
const printedMaxChars = 65_536;

/** Something that npm could not reach, and why. */
interface ProxyFailure {
  readonly place: string;
  readonly why: string;
}

interface NpmProgram {
  readonly command: string;
  readonly args: readonly string[];
  /** What it is made of; undefined for a program that is no script, of which that cannot be told. */
  readonly folder: string | undefined;
}

/** What a build gives to the step. */
type Context = Pick<CompileContext, 'signal' | 'log' | 'stage'>;

/**
 * Installs the packages of functions with npm, which runs none of their code: scripts are off, git is not there, and all
 * that can be reached is the registry. What was installed is kept for the next build with the same dependencies.
 */
export class NpmDependencies {
  readonly folder: string;
  private readonly limits: NpmLimits;
  private readonly unconfined: Sandbox;
  /** Kept installations that builds use now, by how many. */
  private readonly inUse = new Map<string, number>();
  /** How many npm run now, all of them with one cache. */
  private installing = 0;

  constructor(private readonly options: NpmDependenciesOptions) {
    this.folder = path.resolve(options.folder);
    this.limits = { ...npmLimits, ...options.limits };
    this.unconfined = createSandbox({ mode: 'none', searchPath: options.searchPath, scratch: this.folder });
  }

  /**
   * Runs `work` with the folder `node_modules` that the function's package.json asks for, or undefined when it asks for
   * nothing. Throws `build.dependencies_failed`, `build.too_large`, and the signal's reason when it is aborted.
   */
  async with<Result>(
    files: ReadonlyMap<string, Uint8Array>,
    context: Context,
    work: (nodeModules: string | undefined) => Promise<Result>,
  ): Promise<Result> {
    const manifest = readNpmManifest(files);
    if (manifest === undefined) return work(undefined);
    context.stage('dependencies');
    const kept = path.join(this.folder, 'installed', this.keyOf(manifest));
    this.inUse.set(kept, (this.inUse.get(kept) ?? 0) + 1);
    try {
      if (await this.isFresh(kept, manifest)) context.log('torii', 'the dependencies are there from an earlier build\n');
      else await this.install(manifest, kept, context);
      return await work(path.join(kept, 'node_modules'));
    } finally {
      const uses = (this.inUse.get(kept) ?? 1) - 1;
      if (uses > 0) this.inUse.set(kept, uses);
      else this.inUse.delete(kept);
    }
  }

  private keyOf({ dependencies, lockfile }: NpmManifest): string {
    const sorted = Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1));
    return createHash('sha256')
      .update(JSON.stringify([this.options.registry, sorted, lockfile]))
      .digest('hex');
  }

  private async isFresh(kept: string, { lockfile }: NpmManifest): Promise<boolean> {
    const found = await stat(path.join(kept, 'node_modules')).catch(() => undefined);
    if (found === undefined) return false;
    await utimes(kept, new Date(), new Date());
    return lockfile !== undefined || Date.now() - found.mtimeMs < this.limits.freshMs || (this.inUse.get(kept) ?? 0) > 1;
  }

  private async install(manifest: NpmManifest, kept: string, context: Context): Promise<void> {
    if (this.installing === 0) await this.makeRoom();
    const folder = path.join(this.folder, 'work', randomUUID());
    this.installing += 1;
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const { dependencies, lockfile } = manifest;
      await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'function', version: '1.0.0', private: true, dependencies }));
      if (lockfile !== undefined) await writeFile(path.join(folder, 'package-lock.json'), lockfile);
      await this.runNpm(folder, context);
      await this.keep(folder, kept);
    } finally {
      this.installing -= 1;
      await rm(folder, { recursive: true, force: true });
    }
  }

  private async runNpm(folder: string, { signal, log }: Context): Promise<void> {
    const { registry } = this.options;
    const npm = await this.npm();
    const cache = this.cacheFolder;
    await mkdir(cache, { recursive: true, mode: 0o700 });
    const failures: ProxyFailure[] = [];
    let printed = '';
    const runIn = ({ sandbox, proxyUrl }: Outlet): Promise<SandboxResult> =>
      sandbox.run({
        command: npm.command,
        args: [...npm.args, ...this.arguments(folder, proxyUrl)],
        cwd: folder,
        env: this.environment(folder),
        readOnly: [process.execPath, ...(npm.folder === undefined ? [] : [npm.folder]), ...this.authorities()],
        readWrite: [folder, cache],
        measured: [folder],
        limits: this.sandboxLimits(),
        signal,
        onOutput: (stream, chunk) => {
          if (stream === 'stderr') log('stderr', chunk.toString());
          else if (printed.length < printedMaxChars) printed += chunk.toString();
        },
      });
    const onRefused = (place: string, why: string): number => failures.push({ place, why });
    const result = await withOutlet({ sandbox: await this.sandboxOf(npm), allowed: [placeOf(registry)], onRefused }, runIn);
    signal.throwIfAborted();
    this.expectSuccess(result, printed, failures);
  }

  private async sandboxOf({ folder }: NpmProgram): Promise<Sandbox> {
    const { sandbox } = this.options;
    const { reason } = await sandbox.detect();
    return reason === undefined && folder !== undefined ? sandbox : this.unconfined;
  }

  private get cacheFolder(): string {
    return path.join(this.folder, 'npm-cache');
  }

  private authorities(): string[] {
    return this.options.caFile === undefined ? [] : [this.options.caFile];
  }

  private environment(folder: string): Record<string, string> {
    const { caFile } = this.options;
    const trusted = caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile };
    return { HOME: folder, PATH: path.dirname(process.execPath), NODE_OPTIONS: '--max-old-space-size=512', ...trusted };
  }

  private arguments(folder: string, proxyUrl: string): string[] {
    const nowhere = path.join(folder, 'no-such-file');
    return [
      'install',
      ...['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier', '--no-bin-links', '--json', '--loglevel=error'],
      ...['--omit=dev', '--omit=optional', '--omit=peer', '--engine-strict=false', '--fetch-timeout=20000', '--maxsockets=8'],
      ...['--fetch-retries=1', `--fetch-retry-mintimeout=${this.limits.retryAfterMs}`],
      ...[`--prefix=${folder}`, `--cache=${this.cacheFolder}`, `--registry=${this.options.registry}`],
      ...[`--userconfig=${nowhere}`, `--globalconfig=${nowhere}-global`, `--git=${nowhere}`],
      ...[`--proxy=${proxyUrl}`, `--https-proxy=${proxyUrl}`, '--noproxy='],
    ];
  }

  private sandboxLimits(): SandboxLimits {
    const { installMs, installMaxBytes } = this.limits;
    return {
      wallMs: installMs,
      cpuSeconds: Math.ceil(installMs / 1_000),
      fileMaxBytes: installMaxBytes,
      processesMax: 64,
      openFilesMax: 1_024,
      memoryMaxBytes: 1024 * mebibyte,
      outputMaxBytes: mebibyte,
      diskMaxBytes: installMaxBytes,
    };
  }

  private expectSuccess({ exitCode, endedBy, signal }: SandboxResult, printed: string, failures: readonly ProxyFailure[]): void {
    const { installMs, installMaxBytes } = this.limits;
    if (endedBy === 'deadline' || signal === 'SIGXCPU') throw failed(`Installing the dependencies took longer than ${installMs / 1_000} seconds.`);
    if (endedBy === 'disk')
      throw new BuildError('build.too_large', `The dependencies have more than ${installMaxBytes} bytes when they are installed.`);
    if (endedBy === 'memory') throw new BuildError('build.memory_exceeded', 'Installing the dependencies needs more memory than it may have.');
    if (exitCode === 0) return;
    if (signal === 'SIGKILL') throw new Error('npm was ended by SIGKILL: the machine may have no memory left');
    const { registry } = this.options;
    const elsewhere = failures.find(({ place }) => !place.includes(placeOf(registry)));
    if (elsewhere !== undefined) throw failed(`A dependency is at ${elsewhere.place}: builds fetch packages from ${registry} only.`);
    const [away] = failures;
    if (away !== undefined) throw failed(`The registry ${registry} cannot be reached from the builder: ${away.why}.`);
    throw npmFailure(printed, registry);
  }

  /** Throws `build.dependencies_failed` when there is none. */
  private async npm(): Promise<NpmProgram> {
    const { searchPath } = this.options;
    const [found] = await findPrograms('npm', { searchPath, toolchains: undefined, toolchain: 'npm', folders: [] });
    if (found === undefined) throw failed('There is no npm on the builder: install it, or remove "dependencies" from package.json.');
    const script = await realpath(found);
    if (!script.endsWith('.js')) return { command: found, args: [], folder: undefined };
    // Its script is in the folder `bin` of the package.
    return { command: process.execPath, args: [script], folder: path.dirname(path.dirname(script)) };
  }

  /** Checks what npm has left, and puts it where the next builds find it. */
  private async keep(folder: string, kept: string): Promise<void> {
    const { installMaxBytes } = this.limits;
    await mkdir(path.join(folder, 'node_modules'), { recursive: true });
    const { bytes, files } = await useOfFolder(folder, filesMax);
    if (bytes > installMaxBytes || files > filesMax) {
      throw new BuildError(
        'build.too_large',
        `The dependencies have ${files} files and ${bytes} bytes; at most ${filesMax} and ${installMaxBytes} are installed.`,
      );
    }
    await mkdir(path.dirname(kept), { recursive: true });
    // Another build may use what is there already, and that is as good.
    if ((this.inUse.get(kept) ?? 0) <= 1) await rm(kept, { recursive: true, force: true });
    await rename(folder, kept).catch(async (error: unknown) => {
      if ((await stat(kept).catch(() => undefined)) === undefined) throw error;
    });
  }

  /** When there is too much of it: npm's cache, and then the oldest installations that nobody uses. */
  private async makeRoom(): Promise<void> {
    const { folderMaxBytes } = this.limits;
    let { bytes } = await useOfFolder(this.folder, filesMax * 10);
    if (bytes <= folderMaxBytes) return;
    const candidates = [this.cacheFolder, ...(await this.unusedOldestFirst())];
    for (const candidate of candidates) {
      if (bytes <= folderMaxBytes / 2) return;
      bytes -= (await useOfFolder(candidate, filesMax)).bytes;
      await rm(candidate, { recursive: true, force: true });
    }
  }

  private async unusedOldestFirst(): Promise<string[]> {
    const installed = path.join(this.folder, 'installed');
    const names = await readdir(installed).catch(() => []);
    const entries = await Promise.all(
      names.map(async (name) => {
        const place = path.join(installed, name);
        return { place, mtimeMs: (await stat(place).catch(() => undefined))?.mtimeMs ?? 0 };
      }),
    );
    return entries
      .filter(({ place }) => !this.inUse.has(place))
      .sort((a, b) => a.mtimeMs - b.mtimeMs)
      .map(({ place }) => place);
  }
}

/** `host:port`. */
function placeOf(registry: string): string {
  const { protocol, hostname, port } = new URL(registry);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

function failed(detail: string): BuildError {
  return new BuildError('build.dependencies_failed', detail);
}
