import { AppError } from '@torii/contracts';
import type { GuestRun } from './guest-run.js';

export interface FailureContext {
  readonly run: GuestRun;
  /** Whether a `memory.grow` of the guest failed during the call. */
  readonly hasGrowthFailed: boolean;
  readonly memoryMaxBytes: number;
  /** What the guest had set as its error by then. */
  readonly said?: () => string | undefined;
}

/** What became of a guest that threw: the reason its run ended, a trap, or a fault of ours. */
export function failureOf(error: unknown, context: FailureContext): AppError {
  const { run } = context;
  if (run.ended !== undefined) return run.ended;
  // By name: a trap may come from another realm's WebAssembly.
  const { name, message } = thrownOf(error);
  if (name === 'RangeError') return new AppError('plugin.trapped', { detail: 'the call stack is exhausted', cause: error });
  if (name !== 'RuntimeError' && name !== 'Exception') return new AppError('platform.internal', { cause: error });
  if (context.hasGrowthFailed) return memoryExceeded(context, error);
  // Guests whose language cannot return from everywhere say what went wrong, and then trap.
  const reason = name === 'Exception' ? 'an exception was not caught' : message;
  return new AppError('plugin.trapped', { detail: context.said?.() ?? reason, cause: error });
}

/** What a guest's exit means; undefined for `exit(0)`, which is a way to end a call. */
export function failureOfExit(code: number, context: FailureContext): AppError | undefined {
  if (code === 0) return undefined;
  if (context.hasGrowthFailed) return memoryExceeded(context);
  return new AppError('plugin.failed', { detail: `the plugin exited with code ${code}` });
}

/** Whether a failed call has cost so much, an instance or a whole CPU budget, that many of them must not go on. */
export function isOffence(failure: AppError, run: GuestRun | undefined): boolean {
  if (failure.code === 'plugin.deadline_exceeded') return run?.hasSpentCpu === true;
  return failure.code === 'plugin.trapped' || failure.code === 'plugin.memory_exceeded' || failure.code === 'plugin.limit_exceeded';
}

export function thrownOf(error: unknown): { readonly name: string; readonly message: string } {
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown };
  const constructorName = (error as object | null)?.constructor?.name;
  return { name: typeof name === 'string' ? name : (constructorName ?? 'unknown'), message: typeof message === 'string' ? message : String(error) };
}

function memoryExceeded({ memoryMaxBytes }: FailureContext, cause?: unknown): AppError {
  return new AppError('plugin.memory_exceeded', { detail: `the plugin needs more than ${memoryMaxBytes} bytes of memory`, cause });
}
