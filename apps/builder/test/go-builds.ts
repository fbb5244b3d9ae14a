import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { BuildError } from '@torii/contracts';
import { sharedGoSeeds } from '@torii/test-kit';
import type { CompileContext, CompileResult, Compiler } from '../src/compilers/compiler.js';
import { type GoCompilerOptions, goCompiler } from '../src/compilers/go.js';
import { removeTree } from '../src/sandbox/remove-tree.js';
import { createSandbox, type Sandbox } from '../src/sandbox/sandbox.js';

const repository = path.resolve(import.meta.dirname, '../../..');
/** Kept from run to run, as a builder keeps it. Of each user, who owns it. */
export const goCacheFolder = path.join(repository, `node_modules/.cache/torii-go-${process.getuid?.()}`);
/** One for all tests of a run, which takes the time of several builds: the first that needs it makes it, the others wait. */
export const goSeedFolder = sharedGoSeeds();
export const goPlaces = { searchPath: process.env.PATH ?? '', toolchains: path.join(repository, '.torii/toolchains') };
export const goBuildTimeoutMs = 180_000;
const mebi = 1_048_576;

export interface GoBuildOptions {
  readonly options?: Partial<GoCompilerOptions>;
  readonly entry?: string;
  readonly limits?: Partial<CompileContext['limits']>;
  readonly signal?: AbortSignal;
}

/** Builds of functions in Go, for one test file. To be made where its tests are described. */
export class GoBuilds {
  /** What the last build said. */
  log = '';
  private opened = '';
  private sandbox: Sandbox | undefined;
  private isThere = false;
  private builds = 0;

  constructor() {
    beforeAll(async () => {
      this.opened = await mkdtemp(path.join(tmpdir(), 'torii-go-'));
      this.sandbox = createSandbox({ mode: 'auto', ...goPlaces, scratch: path.join(this.opened, 'scratch') });
      this.isThere = (await this.compiler().detect()).available;
    });
    afterAll(() => removeTree(this.opened));
  }

  get home(): string {
    return this.opened;
  }

  private compiler(options: Partial<GoCompilerOptions> = {}): Compiler {
    const { sandbox } = this;
    if (sandbox === undefined) throw new Error('no test has begun');
    return goCompiler({ sandbox, places: goPlaces, cacheFolder: goCacheFolder, seedFolder: goSeedFolder, ...options });
  }

  async build(files: Readonly<Record<string, string>>, { options, entry = 'main.go', limits, signal }: GoBuildOptions = {}): Promise<CompileResult> {
    this.builds += 1;
    const folder = path.join(this.home, `build-${this.builds}`);
    this.log = '';
    const bytes = new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)] as const));
    return this.compiler(options).compile(
      { files: bytes, entry, functionNames: [], name: 'f' },
      {
        signal: signal ?? AbortSignal.timeout(goBuildTimeoutMs),
        limits: { memoryMaxBytes: 2048 * mebi, outputMaxBytes: 32 * mebi, ...limits },
        folder: async () => {
          await mkdir(folder, { mode: 0o700 });
          return folder;
        },
        stage: () => undefined,
        log: (_stream, text) => {
          this.log += text;
        },
      },
    );
  }

  /** The reason why a build fails. */
  async failure(files: Readonly<Record<string, string>>, how: GoBuildOptions = {}): Promise<BuildError> {
    const error = await this.build(files, how).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof BuildError) return error;
    throw new Error(`it should have failed by its author's fault, and did not: ${String(error)}`);
  }

  /** As `it`. Where Go or a sandbox is not there, that builds are refused with the reason is what is to be shown. */
  promises(what: string, prove: () => Promise<void>): void {
    const proof = async (): Promise<void> => {
      if (this.isThere) return prove();
      await expect(this.compiler().detect()).resolves.toEqual({ name: 'go', available: false, reason: expect.stringMatching(/.{20}/) });
      const { code } = await this.failure({ 'main.go': 'package main\nfunc main() {}\n' });
      expect(['build.toolchain_missing', 'build.sandbox_unavailable']).toContain(code);
    };
    it(what, proof, goBuildTimeoutMs);
  }
}
