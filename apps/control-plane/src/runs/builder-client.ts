import { AppError, type BuilderRunRequest, type BuilderStatus, FunctionRun } from '@torii/contracts';
import type { Secret } from '@torii/service-kit';
import { callInternal, type InternalAnswer, NotReached, parseJson } from '../platform/internal-call.js';

/** More than any run answers: its output, its lines and its calls are bounded. */
const answerMaxBytes = 32 * 1024 * 1024;

/** A builder that cannot take a run, and has not begun it: another may. */
export class BuilderUnavailable extends Error {
  constructor(cause: unknown) {
    super('the builder cannot be reached or is busy', { cause });
    this.name = 'BuilderUnavailable';
  }
}

/**
 * Has a builder run a module. Throws `BuilderUnavailable` when the run has not begun; `platform.internal` when the builder
 * does not answer in time or as it should, and then nobody knows whether it ran.
 */
export async function runOnBuilder(
  builder: BuilderStatus,
  request: BuilderRunRequest,
  options: { readonly nodeToken: Secret; readonly timeoutMs: number },
): Promise<FunctionRun> {
  const { status, text } = await ask(builder, request, options);
  if (status === 503 || status === 429) throw new BuilderUnavailable(`answered ${status}: ${text.slice(0, 500)}`);
  const run = status === 200 ? FunctionRun.safeParse(parseJson(text)).data : undefined;
  if (run !== undefined) return run;
  const detail = status === 200 ? 'the builder answered something that is no run' : `the builder answered ${status}`;
  throw new AppError('platform.internal', { detail, cause: new Error(`${builder.internalUrl}: ${text.slice(0, 2_000)}`) });
}

async function ask(
  builder: BuilderStatus,
  request: BuilderRunRequest,
  options: { readonly nodeToken: Secret; readonly timeoutMs: number },
): Promise<InternalAnswer> {
  try {
    const url = new URL('/internal/run', builder.internalUrl);
    return await callInternal({ method: 'POST', url, body: JSON.stringify(request), answerMaxBytes, ...options });
  } catch (error) {
    if (error instanceof NotReached) throw new BuilderUnavailable(error);
    const isLate = error instanceof Error && 'isLate' in error && error.isLate === true;
    const detail = isLate ? `the builder did not answer within ${options.timeoutMs} ms` : 'the builder broke the connection off before it answered';
    throw new AppError('platform.internal', { detail, cause: error });
  }
}
