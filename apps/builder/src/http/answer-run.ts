import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, BuilderRunRequest, errorTable, runLimits } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { Runner } from '../run/runner.js';
import { send, sendText } from './send.js';

/** An input in base64, and the settings around it. */
const bodyMaxBytes = 2 * runLimits.inputMaxBytes + 1024 * 1024;

/** Runs a function for the control plane; it ends when the control plane goes away. */
export async function answerRun(
  req: IncomingMessage,
  res: ServerResponse,
  { runner, log }: { readonly runner: Pick<Runner, 'run'>; readonly log: Logger },
): Promise<void> {
  const gone = new AbortController();
  res.once('close', () => gone.abort());
  try {
    send(res, 200, await runner.run(await requestOf(req), gone.signal));
  } catch (error) {
    if (gone.signal.aborted || (req.destroyed && !req.complete)) return; // nobody is there to hear it
    const failure = error instanceof AppError ? error : new AppError('platform.internal', { cause: error });
    if (failure.code === 'platform.internal') log.error({ err: error }, 'run failed through a fault of ours');
    const { status, title } = errorTable[failure.code];
    if (!req.complete) res.setHeader('connection', 'close');
    sendText(res, status, 'application/problem+json', JSON.stringify({ title, status, code: failure.code, detail: failure.message }));
    req.resume();
  }
}

async function requestOf(req: IncomingMessage): Promise<BuilderRunRequest> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // The answer must still get out when the rest is not read.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > bodyMaxBytes) throw new AppError('client.body_too_large', { detail: `a run may have ${bodyMaxBytes} bytes` });
    chunks.push(chunk);
  }
  const parsed = BuilderRunRequest.safeParse(parseJson(Buffer.concat(chunks, size).toString('utf8')));
  if (!parsed.success) throw new AppError('client.bad_request', { detail: `the run cannot be read: ${parsed.error.issues[0]?.message ?? ''}` });
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
