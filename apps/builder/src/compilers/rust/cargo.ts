import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Sandbox } from '../../sandbox/sandbox.js';
import type { SandboxLimits, SandboxResult } from '../../sandbox/sandbox-run.js';
import { throwWhenEnded } from '../../sandbox/throw-when-ended.js';
import type { CompileContext } from '../compiler.js';
import type { RustInstallation } from './find-rust.js';

/** Folders that one run of cargo works on. */
export interface CargoFolders {
  /** The crate: where `Cargo.toml` is. */
  readonly source: string;
  /** cargo's own home: the index of crates, and their sources. */
  readonly home: string;
  /** What is built goes into `target` here, and the finished module to the top. */
  readonly work: string;
}

export interface CargoRun {
  /** `cargo` and its arguments are `"$CARGO" "$@"` to it. */
  readonly script?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly folders: CargoFolders;
  readonly writable: readonly string[];
  readonly readOnly: readonly string[];
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
}

/** The deadline of the build comes first; this one only ends what nobody waits for any more. */
const wallMs = 15 * 60_000;
const cpuSeconds = 600;
const processesMax = 256;
const openFilesMax = 1_024;
const outputMaxBytes = 32 * 1024 * 1024;
/** Of one compiler at its work, by which is reckoned how many may work at once. */
const memoryPerJobBytes = 400 * 1024 * 1024;
/** Compiled dependencies, which are copied into the folder of each build. */
const targetMaxBytes = 1024 * 1024 * 1024;

/**
 * Runs cargo in the sandbox and answers how it ended. Throws the `BuildError` that says which bound was reached, or the
 * reason of the abort.
 */
export async function runCargo(
  sandbox: Sandbox,
  rust: RustInstallation,
  run: CargoRun,
  context: Pick<CompileContext, 'signal' | 'limits'>,
): Promise<SandboxResult> {
  const { folders, script = 'exec "$CARGO" "$@"' } = run;
  const limits: SandboxLimits = {
    wallMs,
    cpuSeconds,
    fileMaxBytes: targetMaxBytes,
    processesMax,
    openFilesMax,
    memoryMaxBytes: context.limits.memoryMaxBytes,
    outputMaxBytes,
    diskMaxBytes: targetMaxBytes + context.limits.outputMaxBytes,
  };
  const result = await sandbox.run({
    command: 'sh',
    args: ['-c', script, 'sh', ...run.args],
    cwd: folders.source,
    env: { ...environment(rust, folders), CARGO_BUILD_JOBS: String(jobsWithin(context.limits.memoryMaxBytes)), ...run.env },
    readOnly: [rust.sysroot, path.dirname(rust.cargo), ...run.readOnly],
    readWrite: run.writable,
    limits,
    signal: context.signal,
    onOutput: run.onOutput,
  });
  throwWhenEnded('The Rust compiler', result, limits, context.signal);
  return result;
}

/** All of them together have the memory of one build. */
function jobsWithin(memoryMaxBytes: number): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(memoryMaxBytes / memoryPerJobBytes)));
}

function environment(rust: RustInstallation, folders: CargoFolders): Record<string, string> {
  return {
    CARGO: rust.cargo,
    RUSTC: rust.rustc,
    PATH: `${path.dirname(rust.cargo)}:${path.dirname(rust.rustc)}:/usr/local/bin:/usr/bin:/bin`,
    HOME: '/tmp',
    LC_ALL: 'C.UTF-8',
    CARGO_HOME: folders.home,
    CARGO_TARGET_DIR: path.join(folders.work, 'target'),
    CARGO_INCREMENTAL: '0',
    CARGO_TERM_COLOR: 'never',
    CARGO_TERM_PROGRESS_WHEN: 'never',
    CARGO_CACHE_AUTO_CLEAN_FREQUENCY: 'never',
    CARGO_NET_RETRY: '2',
    CARGO_HTTP_TIMEOUT: '20',
  };
}
