import type { BuilderRunRequest, FunctionRun, SmokeCall } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import { PreparedModules } from './prepared-modules.js';
import { runFunction } from './run-function.js';
import type { EgressSettings } from './run-messages.js';
import { RunThread } from './run-thread.js';
import { Slots } from './slots.js';
import { type SmokeOptions, smokeCall } from './smoke-call.js';

/** What bounds a builder's runs; each may be set, none is unbounded. */
export interface RunnerLimits {
  /** Runs at once, and how many others wait how long for their turn. */
  readonly runsMax: number;
  readonly queuedMax: number;
  readonly queueWaitMs: number;
  /** What one module may take to be rewritten, and what its code may take to begin. */
  readonly prepareTimeoutMs: number;
  readonly startTimeoutMs: number;
  /** Memory of all functions that run (bytes). */
  readonly guestMemoryMaxBytes: number;
  /** Modules that are kept ready, and their bytes together. */
  readonly keptMax: number;
  readonly keptMaxBytes: number;
  /** When the thread in which they run stands still for longer, it is ended and replaced. */
  readonly silenceMs: number;
  readonly heapMaxMb: number;
}

const MiB = 1024 * 1024;

const runnerDefaults: RunnerLimits = {
  runsMax: 4,
  queuedMax: 32,
  queueWaitMs: 5_000,
  prepareTimeoutMs: 30_000,
  startTimeoutMs: 10_000,
  guestMemoryMaxBytes: 1024 * MiB,
  keptMax: 64,
  keptMaxBytes: 128 * MiB,
  silenceMs: 10_000,
  heapMaxMb: 512,
};

export interface RunnerOptions {
  readonly log: Logger;
  /** Where modules that are to be run come from; throws `config.unknown_artifact` for one there is not. */
  readonly artifacts: { get(sha256: string): Promise<Uint8Array> };
  readonly egress: EgressSettings;
  readonly limits?: Partial<RunnerLimits>;
}

export interface Runner {
  /**
   * Prepares a module that was just built, makes an instance of it, and calls it once on empty stores, without a network.
   * How the call went is only reported.
   *
   * Throws `BuildError`: `build.artifact_rejected` when no instance can be made of it, `build.smoke_failed` when code of
   * its own fails as it begins, `build.deadline_exceeded`. Throws `client.gone` when it is aborted, another `AppError` for
   * what is no fault of the module: to be tried again.
   */
  smoke(wasm: Uint8Array, options: SmokeOptions): Promise<SmokeCall>;
  /**
   * Calls a function with real host functions, on stores that are empty at first and end with the run.
   *
   * Throws `config.unknown_artifact` and `config.digest_mismatch` of the artifacts, `capacity.*` when too many
   * run, `client.gone` when `signal` is aborted, `platform.internal` for a fault of ours; everything else is in the answer.
   */
  run(request: BuilderRunRequest, signal: AbortSignal): Promise<FunctionRun>;
  /** Ends the thread; what runs in it fails. */
  close(): Promise<void>;
}

export function createRunner(options: RunnerOptions): Runner {
  return new ThreadRunner(options);
}

class ThreadRunner implements Runner {
  readonly artifacts: RunnerOptions['artifacts'];
  readonly startTimeoutMs: number;
  readonly modules: PreparedModules;
  readonly thread: RunThread;
  private readonly slots: Slots;

  constructor({ log, artifacts, egress, limits: changed }: RunnerOptions) {
    const limits = { ...runnerDefaults, ...changed };
    this.artifacts = artifacts;
    this.startTimeoutMs = limits.startTimeoutMs;
    this.modules = new PreparedModules(limits);
    this.thread = new RunThread({ log, egress, ...limits });
    this.slots = new Slots({ runningMax: limits.runsMax, waitingMax: limits.queuedMax, waitMs: limits.queueWaitMs });
  }

  smoke(wasm: Uint8Array, options: SmokeOptions): Promise<SmokeCall> {
    return smokeCall(wasm, options, this);
  }

  run(request: BuilderRunRequest, signal: AbortSignal): Promise<FunctionRun> {
    return this.slots.run(() => runFunction(request, signal, this), signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.thread.close(), this.modules.close()]);
  }
}
