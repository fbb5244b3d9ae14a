import { AppError, type BuilderRunRequest, type FunctionRun } from '@torii/contracts';
import { noOutput } from './output-sample.js';
import type { Preparation, PreparedModules } from './prepared-modules.js';
import type { GuestError } from './run-messages.js';
import type { RunThread } from './run-thread.js';
import { untilAborted } from './until-aborted.js';

export interface RunDeps {
  readonly artifacts: { get(sha256: string): Promise<Uint8Array> };
  readonly modules: PreparedModules;
  readonly thread: RunThread;
  readonly startTimeoutMs: number;
}

/** Calls a function as `Runner.run` promises, at once. */
export async function runFunction(request: BuilderRunRequest, signal: AbortSignal, deps: RunDeps): Promise<FunctionRun> {
  const { sha256, functionName, inputBase64, settings } = request;
  let preparation: Preparation;
  try {
    const preparing = deps.modules.get(sha256, settings, () => deps.artifacts.get(sha256));
    preparation = await untilAborted(preparing, signal);
  } catch (error) {
    const failure = AppError.from(error);
    if (failure.code !== 'config.compile_failed') throw failure;
    return failedRun({ code: failure.code, detail: failure.message });
  }
  const { prepared, fetchMs, prepareMs } = preparation;
  const report = await deps.thread.call(
    {
      prepared,
      functionName,
      settings,
      input: Buffer.from(inputBase64, 'base64'),
      startTimeoutMs: deps.startTimeoutMs,
      callTimeoutMs: settings.limits.wallMs,
      hasNetwork: true,
    },
    signal,
  );
  if (report.outcome === 'not_called') throw new Error('a run is always asked to call its function');
  if (report.outcome === 'not_started') return { ...failedRun(report.error, { fetchMs, prepareMs }), logs: report.logs };
  const { error, output, logs, hostCalls, memoryBytes } = report;
  const { startMs, ...timings } = report.timings;
  return {
    ok: error === undefined,
    error: error ?? null,
    output,
    logs,
    hostCalls,
    timings: { fetchMs, prepareMs: prepareMs + startMs, ...timings },
    memoryBytes,
  };
}

function failedRun(error: GuestError, timings: Partial<FunctionRun['timings']> = {}): FunctionRun {
  const none = { fetchMs: 0, prepareMs: 0, callMs: 0, guestCpuMs: 0, hostMs: 0 };
  return { ok: false, error, output: noOutput, logs: [], hostCalls: [], timings: { ...none, ...timings }, memoryBytes: 0 };
}
