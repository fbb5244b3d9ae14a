import { sha256 } from '@torii/config-sync';
import {
  AppError,
  BuildError,
  type BuildFailure,
  type BuildJob,
  type BuildOutcome,
  type BuildStage,
  type CachedBuild,
  type Diagnostic,
  type SmokeCall,
  type SourceTree,
  type Toolchain,
} from '@torii/contracts';
import { type Clock, Deadline } from '@torii/service-kit';
import type { CompileLimits, CompileResult, Compiler } from '../compilers/compiler.js';
import { ControlPlaneAway } from '../control-plane/control-plane-away.js';
import type { ControlPlaneClient } from '../control-plane/control-plane-client.js';
import type { Runner } from '../run/runner.js';
import { untilAborted } from '../run/until-aborted.js';
import { verifyArtifact } from '../verify/verify-artifact.js';
import { BuildCancelled } from './build-endings.js';
import type { BuildLog } from './build-log.js';
import { cacheKey } from './cache-key.js';
import { orAbandoned } from './or-abandoned.js';
import { reportedDiagnostics } from './reported-diagnostics.js';
import { shownText } from './shown-text.js';
import { StageTimes } from './stage-times.js';
import type { WorkFolders } from './work-folders.js';

export interface BuildDeps {
  readonly controlPlane: Pick<ControlPlaneClient, 'sources' | 'cachedBuild' | 'storeArtifact'>;
  /** Modules by their hash; throws `AppError` for one that cannot be had. */
  readonly artifacts: { get(sha256: string): Promise<Uint8Array> };
  readonly runner: Pick<Runner, 'smoke'>;
  readonly folders: WorkFolders;
  readonly limits: CompileLimits;
  /** What a compiler gets to end after it was told to; see `orAbandoned`. */
  readonly abandonAfterMs?: number | undefined;
  readonly clock: Clock;
}

/** One build, and all that is of it alone. */
export interface BuildTask {
  readonly job: BuildJob;
  readonly attempts: number;
  readonly compiler: Compiler;
  readonly toolchain: Toolchain;
  readonly log: BuildLog;
  /** Of this build, from when it began. */
  readonly deadline: Deadline;
  /** Aborted at the deadline and for whatever else ends the build; the reason says which, see build-endings.ts. */
  readonly signal: AbortSignal;
  readonly onStage: (stage: BuildStage) => void;
}

interface Built extends CompileResult {
  readonly sha256: string;
  readonly isCached: boolean;
}

/**
 * Makes a module of a function, top to bottom. What its author must act on, and a cancellation, are outcomes; everything
 * else is thrown: `ControlPlaneAway`, the signal's reason, or a fault of ours, after all of which the build is begun again.
 */
export async function runBuild(task: BuildTask, deps: BuildDeps): Promise<BuildOutcome> {
  const times = new StageTimes(deps.clock);
  const enter = (stage: BuildStage): void => {
    times.enter(stage);
    task.log.stage(stage);
    task.onStage(stage);
  };
  const finished = (warnings: readonly Diagnostic[]) => ({
    timings: times.timings(),
    warnings: reportedDiagnostics(warnings),
    attempts: task.attempts,
  });
  try {
    enter('fetching');
    const key = cacheKey(task.job, task.toolchain);
    const built = (await fromCache(key, task, deps)) ?? (await compile(task, deps, enter));
    enter('verifying');
    const { functionNames, settings } = task.job;
    const verified = await verifyArtifact(built.wasm, { functionNames, settings });
    for (const { message } of verified.warnings) task.log.say(`warning: ${message}`);
    // The control plane checks the module while it is tried here.
    const storing = beginStoring(built, task, deps);
    let smoke: SmokeCall | null;
    try {
      smoke = await callOnce(built.wasm, task, deps, enter);
      enter('storing');
      await storing.stored;
    } finally {
      storing.giveUp();
    }
    const warnings = [...built.warnings, ...verified.warnings];
    const { sha256: digest, isCached: cached } = built;
    // No other build asks for a key of this build alone.
    const keptUnder = built.isMakeshift === true ? sha256(`${key}.${task.job.buildId}`) : key;
    return { status: 'succeeded', sha256: digest, cacheKey: keptUnder, cached, toolchain: task.toolchain, smoke, ...finished(warnings) };
  } catch (error) {
    const cause: unknown = task.signal.aborted && !(error instanceof ControlPlaneAway) ? task.signal.reason : error;
    if (cause instanceof BuildCancelled) return { status: 'cancelled', ...finished([]) };
    if (!(cause instanceof BuildError)) throw cause;
    task.log.say(`${cause.code}: ${cause.message}`);
    return { status: 'failed', error: failureOf(cause), toolchain: task.toolchain, ...finished([]) };
  }
}

function failureOf(error: BuildError): BuildFailure {
  const { code, detail, diagnostics } = error.toFailure();
  return { code, detail: shownText(detail), diagnostics: reportedDiagnostics(diagnostics) };
}

/** Uploads the module unless it is there already; what became of it is told by `stored` alone. */
function beginStoring(built: Built, task: BuildTask, deps: BuildDeps): { readonly stored: Promise<void>; giveUp(): void } {
  const given = new AbortController();
  const signal = AbortSignal.any([task.signal, given.signal]);
  const stored = built.isCached ? Promise.resolve() : deps.controlPlane.storeArtifact(built.sha256, built.wasm, signal);
  stored.catch(() => undefined);
  return { stored, giveUp: () => given.abort() };
}

/** The module of an earlier build with the same key, if it can still be had. */
async function fromCache(key: string, task: BuildTask, deps: BuildDeps): Promise<Built | undefined> {
  const cached = await asked(deps.controlPlane.cachedBuild(key, task.signal), task.signal);
  if (cached === undefined) return undefined;
  try {
    const wasm = await untilAborted(deps.artifacts.get(cached.sha256), task.signal);
    task.log.say(`the same source was built before with the same tools: its module is taken (${wasm.length} bytes)`);
    return { wasm, sha256: cached.sha256, warnings: ofTheSource(cached), isCached: true };
  } catch (error) {
    task.signal.throwIfAborted();
    if (!(error instanceof AppError)) throw error;
    task.log.say('the module of an earlier build cannot be had any more: the source is built again');
    return undefined;
  }
}

/**
 * What the control plane answers before a source is looked at. When the time for the build is over meanwhile, that is not
 * the source's doing: the build is begun again, as when the control plane does not answer at all.
 */
async function asked<Answer>(asking: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  try {
    return await asking;
  } catch (error) {
    const isTooLate = signal.aborted && signal.reason instanceof BuildError;
    throw isTooLate ? new ControlPlaneAway('took as long to answer as the whole build may', { cause: error }) : error;
  }
}

/** Without what was said of the module: that depends on the settings, and is said anew. */
function ofTheSource(cached: CachedBuild): Diagnostic[] {
  return cached.warnings.filter(({ file }) => file !== undefined);
}

async function compile(task: BuildTask, deps: BuildDeps, enter: (stage: BuildStage) => void): Promise<Built> {
  const { job, compiler, log, signal } = task;
  const files = filesOf(await asked(deps.controlPlane.sources(job.sourceSha256, signal), signal));
  if (!files.has(job.entry)) throw new BuildError('build.missing_entry', `There is no file ${job.entry} to begin with: add it, or set entry.`);
  const folders: string[] = [];
  const folder = async (): Promise<string> => {
    signal.throwIfAborted();
    const made = await deps.folders.make(job.buildId);
    folders.push(made);
    return made;
  };
  try {
    const compiling = compiler.compile(
      { files, entry: job.entry, functionNames: job.functionNames, name: job.functionName },
      {
        signal,
        limits: deps.limits,
        folder,
        stage: enter,
        log: (stream, text) => log.write(stream, text),
      },
    );
    const { wasm, warnings, isMakeshift = false } = await orAbandoned(compiling, signal, deps.abandonAfterMs);
    signal.throwIfAborted();
    if (wasm.length > deps.limits.outputMaxBytes) {
      throw new BuildError('build.too_large', `The module has ${wasm.length} bytes, and may have ${deps.limits.outputMaxBytes}: make it smaller.`);
    }
    log.say(`compiled to ${wasm.length} bytes`);
    return { wasm, warnings, isMakeshift, sha256: sha256(wasm), isCached: false };
  } finally {
    for (const made of folders) await deps.folders.remove(made);
  }
}

function filesOf(tree: SourceTree): Map<string, Uint8Array> {
  return new Map(tree.files.map(({ path, content, encoding }) => [path, Buffer.from(content, encoding)]));
}

async function callOnce(wasm: Uint8Array, task: BuildTask, deps: BuildDeps, enter: (stage: BuildStage) => void): Promise<SmokeCall> {
  enter('preparing');
  const smoke = await deps.runner.smoke(wasm, {
    settings: task.job.settings,
    testInput: task.job.testInput,
    deadline: task.deadline,
    signal: task.signal,
    onPrepared: () => enter('smoke'),
  });
  task.signal.throwIfAborted();
  task.log.say(
    `${smoke.functionName === '' ? 'smoke call' : `smoke call of ${smoke.functionName}`}: ${smoke.outcome}${smoke.detail === '' ? '' : `, ${smoke.detail}`}`,
  );
  return smoke;
}
