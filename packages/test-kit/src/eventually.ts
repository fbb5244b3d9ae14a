import { setTimeout as sleep } from 'node:timers/promises';

export interface EventuallyOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/** Only a test that fails waits so long: what is asked for comes, and on a slow machine that stands still now and then it comes late. */
const defaultTimeoutMs = 60_000;
const defaultIntervalMs = 25;

/**
 * Tries again until `attempt` neither throws nor answers `false`, and resolves with its answer.
 *
 * Past the deadline it throws what the last attempt threw, so that a failing test says what was still wrong.
 */
export async function eventually<Result>(attempt: () => Result | Promise<Result>, options: EventuallyOptions = {}): Promise<Result> {
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const deadlineMs = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const result = await attempt();
      if (result !== false) return result;
      failure = new Error(`the condition was still false after ${timeoutMs} ms`);
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadlineMs) throw failure;
    await sleep(options.intervalMs ?? defaultIntervalMs);
  }
}
