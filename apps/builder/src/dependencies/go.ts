import { randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { BuildError, type Diagnostic } from '@torii/contracts';
import { extismPdk } from '../compilers/go/brought-modules.js';
import type { GoToolchain } from '../compilers/go/find-go.js';
import { type GoFolders, goEnvironment } from '../compilers/go/go-environment.js';
import { type GoAnswer, runGo } from '../compilers/go/run-go.js';
import { useOfFolder } from '../sandbox/folder-use.js';
import { removeTree } from '../sandbox/remove-tree.js';
import type { Sandbox } from '../sandbox/sandbox.js';
import type { SandboxLimits } from '../sandbox/sandbox-run.js';
import { withOutlet } from './outlet.js';

export interface GoModulesOptions {
  readonly sandbox: Sandbox;
  /** Where fetched modules are kept, for all builds. */
  readonly folder: string;
  /** URL of the module proxy, the only place that modules come from; undefined to fetch none. */
  readonly proxy: string | undefined;
  /** Name of the checksum database that vouches for each module; undefined for private proxies without one. */
  readonly checksumDatabase: string | undefined;
  /** Our own go-pdk, for when the real one cannot be had. */
  readonly offlinePdk: string;
  /** The kept modules are removed at the next time nobody uses them when they are more (bytes). */
  readonly maxBytes?: number;
}

export interface GoModulesRequest {
  readonly toolchain: GoToolchain;
  /** Of this build; with the folder of the sources in it. */
  readonly root: string;
  /** Where the go.mod is. */
  readonly cwd: string;
  readonly target: string;
  readonly folders: GoFolders;
  /** What the cache begins with. */
  readonly seed: string;
  /** Folders that the go.mod replaces modules by. */
  readonly readOnly: readonly string[];
  readonly limits: SandboxLimits;
  readonly signal: AbortSignal;
  readonly log: (text: string) => void;
  /** What go says, as diagnostics of the sources. */
  readonly parse: (output: string) => Diagnostic[];
}

/** How go reaches what it fetches. */
interface Online {
  readonly sandbox: Sandbox;
  /** Variables that say where modules come from. */
  readonly places: Readonly<Record<string, string>>;
}

const defaultMaxBytes = 2 * 1024 * 1024 * 1024;
const filesMax = 200_000;
const listFormat = '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}{{end}}{{end}}';
/** How go says that no proxy could be reached, as opposed to one that does not have the module. */
const unreachable =
  /dial tcp|proxyconnect|connection re(?:fused|set)|no such host|i\/o timeout|TLS handshake|Bad Gateway|unexpected EOF|network is unreachable|disabled by GOPROXY=off|read-only file system/;
/** How go says that a module is wrong or missing; anything else it says of the sources themselves. */
const aboutModules =
  /go\.mod|go\.sum|module|not in std|SECURITY ERROR|checksum|GOPROXY|GOVCS|import cycle|requires go|missing dot|verifying|unknown revision|import path|ambiguous import/;

/** Whether a build may have failed for want of modules, or of their names in the go.mod and go.sum. */
export function mayLackModules({ stderr }: GoAnswer): boolean {
  return unreachable.test(stderr) || aboutModules.test(stderr);
}

/**
 * Sees to it that the modules of a function are there and named in its go.mod and go.sum.
 *
 * Fetching runs no code of the sources or the modules: `go list` reads import lines. Modules come from one proxy alone,
 * through a list of allowed hosts, never from version control, and the checksum database vouches for them; what is kept
 * can therefore be shared by builds of different authors, none of which can write there.
 */
export class GoModules {
  private using = 0;
  private isMeasured = false;

  constructor(private readonly options: GoModulesOptions) {}

  /** Runs `work` while the kept modules stay in their place, which is made when it is not there. */
  async withModules<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
    this.using += 1;
    try {
      await mkdir(path.join(this.options.folder, 'pkg', 'mod'), { recursive: true, mode: 0o755 });
      return await work(this.options.folder);
    } finally {
      this.using -= 1;
      if (this.using === 0 && !this.isMeasured) await this.bound();
    }
  }

  /**
   * Fetches what is not kept yet, for sources that do not build without it. True when our own go-pdk stands in for the real
   * one, which could not be fetched. Throws `build.dependencies_failed` with what go says, or `build.compile_failed` when
   * that is of the sources.
   */
  async fetch(request: GoModulesRequest): Promise<boolean> {
    const { proxy } = this.options;
    const fetched = await (proxy === undefined ? this.list(request, undefined) : this.fetchFrom(proxy, request));
    if (fetched.isOk) {
      for (const line of new Set(fetched.stdout.split('\n'))) if (line.trim() !== '') request.log(`module ${line}`);
      return false;
    }
    if (unreachable.test(fetched.stderr) && (await this.replacePdk(request))) return true;
    throw failure(fetched.stderr, request);
  }

  private async fetchFrom(proxy: string, request: GoModulesRequest): Promise<GoAnswer> {
    const { checksumDatabase } = this.options;
    this.isMeasured = false;
    const allowed = [placeOf(new URL(proxy)), ...(checksumDatabase === undefined ? [] : [`${checksumDatabase}:443`])];
    const refused: string[] = [];
    const onRefused = (place: string, why: string): void => {
      request.log(`no connection to ${place}: ${why}`);
      refused.push(place);
    };
    const fetched = await withOutlet({ sandbox: this.options.sandbox, allowed, onRefused }, ({ sandbox, proxyUrl }) => {
      const places = { GOPROXY: proxy, GOSUMDB: checksumDatabase ?? 'off', HTTP_PROXY: proxyUrl, HTTPS_PROXY: proxyUrl };
      return this.list(request, { sandbox, places });
    });
    const elsewhere = refused.find((place) => !allowed.some((one) => place.includes(one)));
    if (fetched.isOk || elsewhere === undefined) return fetched;
    throw new BuildError('build.dependencies_failed', `A module is at ${elsewhere}: builds fetch modules from ${proxy} only.`);
  }

  /** With the kept modules writable when there is somewhere to fetch others from. */
  private list(request: GoModulesRequest, online: Online | undefined): Promise<GoAnswer> {
    const { toolchain, root, cwd, target, folders, seed, readOnly, limits, signal, log } = request;
    const { folder } = this.options;
    return runGo(online?.sandbox ?? this.options.sandbox, toolchain, {
      // Not stamped: for that, go would run git among the sources, and git what their .git/config names.
      args: ['list', '-mod=mod', '-modcacherw', '-trimpath', '-buildvcs=false', '-deps', '-f', listFormat, target],
      cwd,
      env: { ...goEnvironment(toolchain, folders), ...online?.places },
      seed,
      readOnly: online === undefined ? [folder, ...readOnly] : readOnly,
      readWrite: online === undefined ? [root] : [root, folder],
      limits: online === undefined ? limits : this.withKept(limits),
      signal,
      onMessage: online === undefined ? () => undefined : log,
    });
  }

  /** Bounds for what may also write among the kept modules, as many of which are there as may be. */
  private withKept(limits: SandboxLimits): SandboxLimits {
    const { diskMaxBytes = 0 } = limits;
    return { ...limits, diskMaxBytes: diskMaxBytes + (this.options.maxBytes ?? defaultMaxBytes), filesMax: filesMax * 2 };
  }

  private async replacePdk(request: GoModulesRequest): Promise<boolean> {
    const { toolchain, root, cwd, folders, limits, signal } = request;
    const { offlinePdk, sandbox } = this.options;
    const edited = await runGo(sandbox, toolchain, {
      args: ['mod', 'edit', `-replace=${extismPdk}=${offlinePdk}`],
      cwd,
      env: goEnvironment(toolchain, folders),
      readOnly: request.readOnly,
      readWrite: [root],
      limits,
      signal,
      onMessage: () => undefined,
    });
    if (!edited.isOk || !(await this.list(request, undefined)).isOk) return false;
    request.log(`The module proxy cannot be reached: ${extismPdk} is the one that comes with the builder`);
    return true;
  }

  /** Only while nobody uses them, and by a rename, so that whoever comes meanwhile begins with none. */
  private async bound(): Promise<void> {
    this.isMeasured = true;
    const { folder, maxBytes } = this.options;
    const use = await useOfFolder(folder, filesMax);
    if (use.bytes <= (maxBytes ?? defaultMaxBytes) && use.files <= filesMax) return;
    if (this.using > 0) return;
    const old = `${folder}.${randomUUID()}`;
    await rename(folder, old).catch(() => undefined);
    await removeTree(old).catch(() => undefined);
  }
}

function placeOf(url: URL): string {
  const defaultPort = url.protocol === 'http:' ? '80' : '443';
  return `${url.hostname}:${url.port === '' ? defaultPort : url.port}`;
}

/** How go says that a module is not among those kept, which it cannot write to. */
const notKept = /disabled by GOPROXY=off|read-only file system/;

function failure(stderr: string, { parse }: GoModulesRequest): BuildError {
  const diagnostics = parse(stderr);
  if (notKept.test(stderr)) {
    const names = diagnostics.map(({ message }) => message).join('; ');
    return new BuildError('build.dependencies_failed', `This builder fetches no modules, and does not have all that are needed: ${names}`, {
      diagnostics,
    });
  }
  const first = diagnostics[0]?.message ?? 'go list failed without a word';
  const code = aboutModules.test(stderr) || unreachable.test(stderr) ? 'build.dependencies_failed' : 'build.compile_failed';
  return new BuildError(code, first, { diagnostics });
}
