import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { useOfFolder } from '../../sandbox/folder-use.js';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { GoToolchain } from './find-go.js';
import { goBuildFlags, goEnvironment } from './go-environment.js';
import { goLimits, runGo } from './run-go.js';

/** What nearly every function imports; small, because the first builds wait for it. */
const common = [
  'bytes',
  'encoding/base64',
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
const scratchPrefix = '.new-';
const abandonedMs = 3_600_000;
const PackageList = z.array(z.string());

interface Seed {
  readonly generation: number;
  readonly cache: string;
  readonly packages: readonly string[];
}

/**
 * What a build's cache begins with: the standard library's packages, compiled by ourselves and from nothing else. Each
 * build has a cache of its own that links to them, and sees them read-only, so that none can change what another is given.
 * Packages that builds ask for are added afterwards, so that only the first such build compiles them.
 */
export class GoSeed {
  /** By version of Go. */
  private readonly seeds = new Map<string, Promise<Seed>>();
  private isLearning = false;

  constructor(
    private readonly sandbox: Sandbox,
    /** A folder of the builder's own. */
    private readonly folder: string,
  ) {}

  /** Makes the seed unless it is there. Throws when the toolchain cannot compile its own library. */
  async prepare(toolchain: GoToolchain): Promise<void> {
    await this.seedOf(toolchain);
  }

  /**
   * Makes a cache at `target`, which must not be there yet, and answers the folder that its links lead to. A link that has
   * come to lead nowhere, because the seed has grown twice meanwhile, is one more package to compile.
   */
  async linkTo(target: string, toolchain: GoToolchain): Promise<string> {
    const { cache } = await this.seedOf(toolchain);
    // go opens the files of its cache by name, and follows links. By the system's own program: it takes a tenth of the time.
    await runCp(['-a', '-s', '--', cache, target]);
    return cache;
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

  private seedOf(toolchain: GoToolchain): Promise<Seed> {
    const known = this.seeds.get(toolchain.version);
    if (known !== undefined) return known;
    const seed = this.findOrMake(toolchain);
    this.seeds.set(toolchain.version, seed);
    // Tried again by whoever comes next.
    seed.catch(() => this.seeds.delete(toolchain.version));
    return seed;
  }

  private async findOrMake(toolchain: GoToolchain): Promise<Seed> {
    await this.removeAbandoned();
    return (await this.newest(toolchain)) ?? this.make(toolchain, { generation: 1, packages: common, from: undefined });
  }

  /** What a builder that was killed was making; what another one makes now is younger. */
  private async removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.folder).catch(() => [])) {
      const place = path.join(this.folder, name);
      const entry = name.startsWith(scratchPrefix) ? await stat(place).catch(() => undefined) : undefined;
      if (entry !== undefined && Date.now() - entry.mtimeMs > abandonedMs) await rm(place, { recursive: true, force: true });
    }
  }

  private async extend(toolchain: GoToolchain, packages: readonly string[]): Promise<void> {
    const seed = await this.seedOf(toolchain);
    const all = [...new Set([...seed.packages, ...packages])].sort();
    if (all.length === seed.packages.length) return;
    if ((await useOfFolder(seed.cache, filesMax)).bytes > seedMaxBytes) return;
    const next = await this.make(toolchain, { generation: seed.generation + 1, packages: all, from: seed.cache });
    this.seeds.set(toolchain.version, Promise.resolve(next));
    // The one before may still be linked to.
    await rm(this.placeOf(toolchain, seed.generation - 1), { recursive: true, force: true });
  }

  private async make(
    toolchain: GoToolchain,
    { generation, packages, from }: { readonly generation: number; readonly packages: readonly string[]; readonly from: string | undefined },
  ): Promise<Seed> {
    const scratch = path.join(this.folder, `${scratchPrefix}${randomUUID()}`);
    try {
      await mkdir(path.join(scratch, 'tmp'), { recursive: true, mode: 0o700 });
      await mkdir(path.join(scratch, 'modules'), { mode: 0o700 });
      if (from === undefined) await mkdir(path.join(scratch, 'cache'), { mode: 0o700 });
      else await runCp(['-a', '--', from, path.join(scratch, 'cache')]);
      await writeFile(path.join(scratch, 'go.mod'), 'module seed\n\ngo 1.24\n');
      await writeFile(
        path.join(scratch, 'main.go'),
        `package main\n\nimport (\n${packages.map((name) => `\t_ "${name}"\n`).join('')})\n\nfunc main() {}\n`,
      );
      await this.compile(toolchain, scratch);
      for (const name of ['tmp', 'modules', 'go.mod', 'main.go', 'seed.wasm']) await rm(path.join(scratch, name), { recursive: true, force: true });
      await writeFile(path.join(scratch, 'packages.json'), JSON.stringify(packages));
      const place = this.placeOf(toolchain, generation);
      await mkdir(path.dirname(place), { recursive: true, mode: 0o700 });
      await rename(scratch, place).catch(async (error: NodeJS.ErrnoException) => {
        // Another builder with the same folder was first: its seed is as good.
        if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
      });
      return { generation, cache: path.join(place, 'cache'), packages };
    } finally {
      await rm(scratch, { recursive: true, force: true });
    }
  }

  private async compile(toolchain: GoToolchain, scratch: string): Promise<void> {
    const folders = { modules: path.join(scratch, 'modules'), cache: path.join(scratch, 'cache'), temporary: path.join(scratch, 'tmp') };
    const { isOk, stderr } = await runGo(this.sandbox, toolchain, {
      args: ['build', ...goBuildFlags, '-o', 'seed.wasm', '.'],
      cwd: scratch,
      env: goEnvironment(toolchain, folders),
      readOnly: [],
      readWrite: [scratch],
      network: false,
      limits: goLimits({ memoryMaxBytes, outputMaxBytes: seedMaxBytes }),
      signal: new AbortController().signal,
      onMessage: () => undefined,
    });
    if (!isOk) throw new Error(`Go ${toolchain.version} cannot compile its own library for WebAssembly: ${stderr.slice(0, 2_000)}`);
  }

  private async newest(toolchain: GoToolchain): Promise<Seed | undefined> {
    const names = await readdir(path.join(this.folder, toolchain.version)).catch(() => []);
    const generations = names.map(Number).filter(Number.isInteger);
    if (generations.length === 0) return undefined;
    const generation = Math.max(...generations);
    const place = this.placeOf(toolchain, generation);
    const text = await readFile(path.join(place, 'packages.json'), 'utf8').catch(() => '[]');
    return { generation, cache: path.join(place, 'cache'), packages: PackageList.parse(JSON.parse(text)) };
  }

  private placeOf(toolchain: GoToolchain, generation: number): string {
    return path.join(this.folder, toolchain.version, String(generation));
  }
}

async function runCp(args: readonly string[]): Promise<void> {
  await promisify(execFile)('cp', args, { env: { PATH: '/usr/bin:/bin' } });
}
