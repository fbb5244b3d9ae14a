import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { tryToClaim } from '../../claimed-folder.js';
import type { GoModules } from '../../dependencies/go.js';
import { useOfFolder } from '../../sandbox/folder-use.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import { shortDigest } from '../folder-digest.js';
import { broughtModuleOf, broughtModules, toriiModule } from './brought-modules.js';
import type { GoToolchain } from './find-go.js';
import { goBuildFlags, goEnvironment } from './go-environment.js';
import { goLimits, runGo } from './run-go.js';

/** What nearly every function imports, by itself or with the PDK; small, because the first builds wait for it. */
const common = [
  'bytes',
  'encoding/base64',
  'encoding/binary',
  'encoding/json',
  'errors',
  'fmt',
  'io',
  'maps',
  'net/url',
  'slices',
  'sort',
  'strconv',
  'strings',
  'time',
];

/** A seed that is larger learns no more packages. */
const seedMaxBytes = 160 * 1024 * 1024;
const filesMax = 20_000;
const memoryMaxBytes = 2 * 1024 * 1024 * 1024;
/**
 * A compiler that collects its garbage less often computes a fifth less for these packages (17 s instead of 21 s), with
 * 360 MiB instead of 215 MiB. The first build on a machine waits for it.
 */
const garbagePercent = '400';
const scratchPrefix = '.new-';
const abandonedMs = 3_600_000;
/** While another builder makes the seed, or does not end (ms). Longer than a run of go may take. */
const othersTimeoutMs = 900_000;
const lookEveryMs = 250;
const PackageList = z.array(z.string());

interface Seed {
  readonly generation: number;
  readonly cache: string;
  /** Those of modules with the version behind an @. */
  readonly packages: readonly string[];
}

export interface GoSeedOptions {
  readonly sandbox: Sandbox;
  /** Of this user alone; builders of one machine may share it. */
  readonly folder: string;
  readonly modules: GoModules;
  /** Where the builder's package `torii` is. */
  readonly toriiFolder: string;
}

/**
 * What a build's cache begins with: packages of the standard library and of the modules that builds bring along, compiled by
 * ourselves and from nothing else. Each build has a cache of its own that links to them, and sees them read-only, so that
 * none can change what another is given. Packages that builds ask for are added afterwards, so that only the first such
 * build compiles them.
 */
export class GoSeed {
  /** First seeds that are under way, by version of Go. */
  private readonly making = new Map<string, Promise<Seed>>();
  private tidied: Promise<void> | undefined;
  private isLearning = false;

  constructor(private readonly options: GoSeedOptions) {}

  /** Makes the seed unless it is there. Throws when the toolchain cannot compile its own library. */
  async prepare(toolchain: GoToolchain): Promise<void> {
    await this.newestOrFirst(toolchain);
  }

  /**
   * The folder for a build's cache to link to. A link that has come to lead nowhere, because the seed has grown twice
   * meanwhile, is one more package to compile. `onWait` is called when it is not there, which takes many seconds.
   */
  async of(toolchain: GoToolchain, onWait: () => void = () => undefined): Promise<string> {
    return (await this.newestOrFirst(toolchain, onWait)).cache;
  }

  /** In the background, one at a time; what cannot be learnt now is at the next build. Does not throw. */
  learn(toolchain: GoToolchain, packages: readonly string[]): void {
    if (this.isLearning) return;
    this.isLearning = true;
    void this.extend(toolchain, packages)
      .catch(() => undefined)
      .finally(() => {
        this.isLearning = false;
      });
  }

  /** Asked of the disk each time: another builder may have made a newer one, and removed what was known. */
  private async newestOrFirst(toolchain: GoToolchain, onWait: () => void = () => undefined): Promise<Seed> {
    this.tidied ??= this.removeAbandoned();
    await this.tidied;
    const newest = await this.newest(toolchain);
    if (newest !== undefined) return newest;
    onWait();
    return this.first(toolchain);
  }

  private first(toolchain: GoToolchain): Promise<Seed> {
    const { version } = toolchain;
    const known = this.making.get(version);
    if (known !== undefined) return known;
    const seed = this.makeFirst(toolchain).finally(() => this.making.delete(version));
    this.making.set(version, seed);
    return seed;
  }

  private makeFirst(toolchain: GoToolchain): Promise<Seed> {
    return this.alone(toolchain, async () => {
      return (await this.newest(toolchain)) ?? (await this.make(toolchain, { generation: 1, packages: common, from: undefined }));
    });
  }

  /** Does what one builder may do at a time, after the others that are at it. */
  private async alone<Result>(toolchain: GoToolchain, work: () => Promise<Result>): Promise<Result> {
    const folder = this.folderOf(toolchain);
    const startedAtMs = performance.now();
    while (performance.now() - startedAtMs < othersTimeoutMs) {
      const claim = tryToClaim(folder, 'TORII_BUILD_GO_SEEDS');
      if (claim !== undefined) return work().finally(() => claim.release());
      await setTimeout(lookEveryMs);
    }
    throw new Error(`${folder} is in use by another builder, which does not come to an end`);
  }

  /** What a builder that was killed was making; what another one makes now is younger. What cannot be removed stays. */
  private async removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.options.folder).catch(() => [])) {
      const place = path.join(this.options.folder, name);
      const entry = name.startsWith(scratchPrefix) ? await stat(place).catch(() => undefined) : undefined;
      if (entry !== undefined && Date.now() - entry.mtimeMs > abandonedMs) await rm(place, { recursive: true, force: true }).catch(() => undefined);
    }
  }

  private async extend(toolchain: GoToolchain, packages: readonly string[]): Promise<void> {
    const torii = await shortDigest(this.options.toriiFolder);
    const known = await this.newestOrFirst(toolchain);
    if (isComplete(withPackages(known, packages, torii), known)) return;
    await this.alone(toolchain, async () => {
      const seed = (await this.newest(toolchain)) ?? known;
      const all = withPackages(seed, packages, torii);
      if (isComplete(all, seed) || (await useOfFolder(seed.cache, filesMax)).bytes > seedMaxBytes) return;
      await this.make(toolchain, { generation: seed.generation + 1, packages: all, from: seed.cache });
      // The one before may still be linked to.
      await this.removeBefore(toolchain, seed.generation);
    });
  }

  private async make(
    toolchain: GoToolchain,
    { generation, packages, from }: { readonly generation: number; readonly packages: readonly string[]; readonly from: string | undefined },
  ): Promise<Seed> {
    const scratch = path.join(this.options.folder, `${scratchPrefix}${randomUUID()}`);
    try {
      await mkdir(path.join(scratch, 'tmp'), { recursive: true, mode: 0o700 });
      if (from === undefined) await mkdir(path.join(scratch, 'cache'), { mode: 0o700 });
      else await runCp(['-a', '--', from, path.join(scratch, 'cache')]);
      await writeFile(path.join(scratch, 'go.mod'), goMod(packages, this.options.toriiFolder));
      await writeFile(
        path.join(scratch, 'main.go'),
        `package main\n\nimport (\n${packages.map((name) => `\t_ "${pathOf(name)}"\n`).join('')})\n\nfunc main() {}\n`,
      );
      await this.options.modules.withModules((modules) => this.compile(toolchain, { scratch, modules }));
      for (const name of ['tmp', 'go.mod', 'go.sum', 'main.go', 'seed.wasm']) await rm(path.join(scratch, name), { recursive: true, force: true });
      await writeFile(path.join(scratch, 'packages.json'), JSON.stringify(packages));
      const place = this.placeOf(toolchain, generation);
      await rename(scratch, place);
      return { generation, cache: path.join(place, 'cache'), packages };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  private async compile(toolchain: GoToolchain, { scratch, modules }: { readonly scratch: string; readonly modules: string }): Promise<void> {
    const folders = { modules, cache: path.join(scratch, 'cache'), temporary: path.join(scratch, 'tmp') };
    const { isOk, stderr } = await runGo(this.options.sandbox, toolchain, {
      args: ['build', '-mod=mod', ...goBuildFlags, '-o', 'seed.wasm', '.'],
      cwd: scratch,
      env: { ...goEnvironment(toolchain, folders), GOGC: garbagePercent },
      readOnly: [modules, this.options.toriiFolder],
      readWrite: [scratch],
      limits: goLimits({ memoryMaxBytes, outputMaxBytes: seedMaxBytes }),
      signal: new AbortController().signal,
      onMessage: () => undefined,
    });
    if (!isOk) throw new Error(`Go ${toolchain.version} cannot compile its own library for WebAssembly: ${stderr.slice(0, 2_000)}`);
  }

  private async newest(toolchain: GoToolchain): Promise<Seed | undefined> {
    const generations = await this.generations(toolchain);
    if (generations.length === 0) return undefined;
    const generation = Math.max(...generations);
    const place = this.placeOf(toolchain, generation);
    return { generation, cache: path.join(place, 'cache'), packages: await readPackages(place) };
  }

  /** Those too that a builder left which was killed before it had removed them. */
  private async removeBefore(toolchain: GoToolchain, generation: number): Promise<void> {
    for (const older of await this.generations(toolchain)) {
      if (older < generation) await rm(this.placeOf(toolchain, older), { recursive: true, force: true });
    }
  }

  private async generations(toolchain: GoToolchain): Promise<number[]> {
    const names = await readdir(this.folderOf(toolchain)).catch(() => []);
    return names.map(Number).filter(Number.isInteger);
  }

  private folderOf({ version }: GoToolchain): string {
    return path.join(this.options.folder, version);
  }

  private placeOf(toolchain: GoToolchain, generation: number): string {
    return path.join(this.folderOf(toolchain), String(generation));
  }
}

/** None where the list cannot be read, as when the machine went down just after it was written: go looks itself at what is there. */
async function readPackages(place: string): Promise<readonly string[]> {
  try {
    return PackageList.parse(JSON.parse(await readFile(path.join(place, 'packages.json'), 'utf8')));
  } catch {
    return [];
  }
}

/** The packages of a seed, and others that it is to have. */
function withPackages({ packages }: Seed, others: readonly string[], toriiDigest: string): string[] {
  const all = [...packages.map(pathOf), ...others].map((name) => withVersion(name, toriiDigest));
  return [...new Set(all)].sort();
}

function isComplete(packages: readonly string[], seed: Seed): boolean {
  return packages.every((name) => seed.packages.includes(name));
}

function pathOf(name: string): string {
  return name.split('@')[0] ?? name;
}

/** A package of another version is another package. */
function withVersion(packagePath: string, toriiDigest: string): string {
  const module = broughtModuleOf(packagePath);
  if (module === undefined) return packagePath;
  return `${packagePath}@${module === toriiModule ? toriiDigest : broughtModules.get(module)}`;
}

function goMod(packages: readonly string[], toriiFolder: string): string {
  const modules = new Set(packages.map((name) => broughtModuleOf(pathOf(name))).filter((module) => module !== undefined));
  const lines = [...modules].map((module) => `require ${module} ${broughtModules.get(module)}`);
  if (modules.has(toriiModule)) lines.push(`replace ${toriiModule} => ${JSON.stringify(toriiFolder)}`);
  return `module seed\n\ngo 1.24\n\n${lines.join('\n')}\n`;
}

async function runCp(args: readonly string[]): Promise<void> {
  await promisify(execFile)('cp', args, { env: { PATH: '/usr/bin:/bin' } });
}
