import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LanguageStatus } from '@torii/contracts';
import type { CompileLimits, CompileResult } from '../src/compilers/compiler.js';
import { RustCompiler } from '../src/compilers/rust.js';
import { createSandbox, type Sandbox } from '../src/sandbox/sandbox.js';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const MiB = 1024 * 1024;
const limits: CompileLimits = { memoryMaxBytes: 1024 * MiB, outputMaxBytes: 64 * MiB };

export interface RustBuild {
  readonly files: Readonly<Record<string, string>>;
  readonly entry?: string;
  readonly functionNames?: readonly string[];
  readonly limits?: Partial<CompileLimits>;
  readonly timeoutMs?: number;
}

export interface RustBuilt extends CompileResult {
  readonly log: string;
  readonly stages: readonly string[];
}

/** The Rust of this machine, if it has one, with caches that go when the tests end. */
export interface TestRust {
  readonly compiler: RustCompiler;
  readonly sandbox: Sandbox;
  readonly status: LanguageStatus;
  readonly folder: string;
  build(build: RustBuild): Promise<RustBuilt>;
  close(): Promise<void>;
}

/** For dependencies from crates.io; of one test file alone. */
export const keptCache = path.join(checkout, 'node_modules', '.cache', `torii-rust-${process.getuid?.()}`);

const defaultTimeoutMs = 200_000;

export interface TestRustOptions {
  /** Empty keeps the compiler off the network. */
  readonly crateHosts?: readonly string[];
  /** Instead of one that goes with the tests: compiling some forty crates takes long. */
  readonly cacheFolder?: string;
}

/** What `npm run toolchains -- add` put into TORII_HOME is used. */
export async function startRust(options: TestRustOptions = {}): Promise<TestRust> {
  const folder = await mkdtemp(path.join(tmpdir(), 'torii-rust-'));
  const home = path.resolve(checkout, process.env.TORII_HOME ?? '.torii');
  const toolchains = path.join(home, 'toolchains');
  const searchPath = process.env.PATH ?? '';
  const sandbox = createSandbox({ mode: 'auto', searchPath, toolchains, scratch: path.join(folder, 'sandbox') });
  const cacheFolder = path.join(folder, 'cache');
  const compiler = new RustCompiler({ sandbox, searchPath, toolchains, home: process.env.HOME, cacheFolder, ...options });
  let builds = 0;
  return {
    compiler,
    sandbox,
    status: await compiler.detect(),
    folder,
    async build({ files, entry = 'src/lib.rs', functionNames = [], timeoutMs = defaultTimeoutMs, ...more }) {
      builds += 1;
      const work = await mkdtemp(path.join(folder, `build-${builds}-`));
      let log = '';
      const stages: string[] = [];
      const request = { files: new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])), entry, functionNames, name: 'test' };
      try {
        const result = await compiler.compile(request, {
          signal: AbortSignal.timeout(timeoutMs),
          limits: { ...limits, ...more.limits },
          folder: () => Promise.resolve(work),
          stage: (stage) => stages.push(stage),
          log: (_stream, text) => {
            log += text;
          },
        });
        return { ...result, log, stages };
      } catch (error) {
        if (error instanceof Error) Object.assign(error, { log });
        throw error;
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A crate without dependencies, whose `execute` has this body. */
export function plainCrate(body: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    'Cargo.toml': '[package]\nname = "plain"\nversion = "0.1.0"\nedition = "2024"\n',
    'src/lib.rs': `#[unsafe(no_mangle)]\npub extern "C" fn execute() -> i32 {\n    ${body}\n}\n`,
    ...more,
  };
}
