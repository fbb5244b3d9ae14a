import { AppError, BuildError, type FunctionSettings, type ModuleExport, type SmokeCall, type TestInput } from '@torii/contracts';
import { grantsOf } from '@torii/module-check';
import type { Deadline } from '@torii/service-kit';
import { missingGrants } from '../verify/check-imports.js';
import { type Choice, chooseFunction } from './choose-function.js';
import type { PreparedModules } from './prepared-modules.js';
import type { CallReport } from './run-messages.js';
import type { RunThread } from './run-thread.js';
import { sampleInput } from './sample-input.js';
import { untilAborted } from './until-aborted.js';

export interface SmokeOptions {
  readonly settings: FunctionSettings;
  /** Left out: the one that the test input or the settings name, or that the module lets no doubt about. */
  readonly functionName?: string | undefined;
  /** Left out: an input such as plugins of that kind get. */
  readonly testInput?: TestInput | undefined;
  /** Of the build. */
  readonly deadline: Deadline;
  /** The build was cancelled. */
  readonly signal?: AbortSignal;
  /** The module is prepared, and is now called. */
  readonly onPrepared?: () => void;
}

export interface SmokeDeps {
  readonly modules: PreparedModules;
  readonly thread: RunThread;
  readonly startTimeoutMs: number;
}

/** What a sample of an answer, or of an error, may have at most. */
const detailMaxLength = 1_000;
/** A module may give its functions longer names than any that a plugin can be told to call. */
const nameMaxLength = 256;

/** Tries a module out as `Runner.smoke` promises. */
export async function smokeCall(wasm: Uint8Array, options: SmokeOptions, deps: SmokeDeps): Promise<SmokeCall> {
  const { settings, deadline, testInput, signal = new AbortController().signal } = options;
  const { prepared } = await untilAborted(deps.modules.of(wasm, settings), signal).catch((error: unknown) => {
    throw rejected(error);
  });
  options.onPrepared?.();
  const lacking = missingGrants(prepared.imports, grantsOf(settings.hostFunctions));
  const { functionName, whyNot = lacking[0]?.detail } = choose(prepared.exports, options);
  const input = testInput === undefined ? sampleInput(settings.kind, settings.config) : testInput.input;
  const leftMs = deadline.remainingMs();
  const report = await deps.thread.call(
    {
      prepared,
      functionName,
      // What is missing is no reason not to see whether the module begins.
      settings: { ...settings, hostFunctions: [...settings.hostFunctions, ...lacking.map(({ grant }) => grant)] },
      input: whyNot === undefined ? bytesOf(input) : undefined,
      startTimeoutMs: Math.min(deps.startTimeoutMs, leftMs),
      callTimeoutMs: leftMs,
      hasNetwork: false,
    },
    signal,
  );
  if (report.outcome === 'not_started') throw deadline.isPast ? outOfTime() : notStarted(report);
  const shownName = functionName.slice(0, nameMaxLength);
  if (report.outcome === 'not_called') {
    return { functionName: shownName, outcome: 'not_called', detail: (whyNot ?? '').slice(0, detailMaxLength), durationMs: 0 };
  }
  return smokeCallOf(shownName, report);
}

function choose(exports: readonly ModuleExport[], { testInput, functionName, settings }: SmokeOptions): Choice {
  const asked = testInput?.functionName ?? functionName;
  return asked === undefined ? chooseFunction(exports, settings) : { functionName: asked };
}

/** JSON; a string as that text. */
function bytesOf(input: unknown): Uint8Array {
  return Buffer.from(typeof input === 'string' ? input : JSON.stringify(input));
}

function rejected(error: unknown): unknown {
  if (!(error instanceof AppError) || error.code !== 'config.compile_failed') return error;
  return new BuildError('build.artifact_rejected', `the module that was built cannot run here: ${error.message}`, { cause: error });
}

function outOfTime(): BuildError {
  return new BuildError('build.deadline_exceeded', 'the time for the build was over before the module could be tried');
}

function notStarted({ error, isItsOwn, logs }: Extract<CallReport, { outcome: 'not_started' }>): BuildError {
  if (!isItsOwn) return new BuildError('build.artifact_rejected', `the module that was built cannot run here: ${error.detail}`);
  const said = logs.map(({ message }) => message).join('; ');
  const detail = said === '' ? error.detail : `${error.detail}; it logged: ${said.slice(0, detailMaxLength)}`;
  return new BuildError('build.smoke_failed', detail);
}

function smokeCallOf(functionName: string, report: Extract<CallReport, { outcome: 'called' }>): SmokeCall {
  const { error, output, timings } = report;
  const durationMs = timings.callMs;
  if (error !== undefined) {
    return { functionName, outcome: 'failed', detail: `${error.code}: ${error.detail}`.slice(0, detailMaxLength), durationMs };
  }
  const text = output.encoding === 'utf8' ? output.content : `${output.bytes} bytes that are no text`;
  const isCut = output.truncated || text.length > detailMaxLength;
  const detail = isCut ? `${text.slice(0, detailMaxLength)}… (${output.bytes} bytes in all)` : text;
  return { functionName, outcome: 'answered', detail, durationMs };
}
