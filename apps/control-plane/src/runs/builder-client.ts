import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { AppError, type BuilderRunRequest, type BuilderStatus, FunctionRun } from '@torii/contracts';
import type { Secret } from '@torii/service-kit';

/** More than any run answers: its output, its lines and its calls are bounded. */
const answerMaxBytes = 32 * 1024 * 1024;
const connectTimeoutMs = 2_000;

interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

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
  const { status, text } = await post(new URL('/internal/run', builder.internalUrl), JSON.stringify(request), options);
  if (status === 503 || status === 429) throw new BuilderUnavailable(`answered ${status}: ${text.slice(0, 500)}`);
  const run = status === 200 ? FunctionRun.safeParse(parseJson(text)).data : undefined;
  if (run !== undefined) return run;
  const detail = status === 200 ? 'the builder answered something that is no run' : `the builder answered ${status}`;
  throw new AppError('platform.internal', { detail, cause: new Error(`${builder.internalUrl}: ${text.slice(0, 2_000)}`) });
}

function post(url: URL, body: string, options: { readonly nodeToken: Secret; readonly timeoutMs: number }): Promise<HttpAnswer> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const headers = {
    authorization: `Bearer ${options.nodeToken.reveal()}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    let isConnected = false;
    let isLate = false;
    const fail = (cause: unknown): void => {
      clearTimeout(timer);
      clearTimeout(connectTimer);
      const detail = isLate ? `the builder did not answer within ${options.timeoutMs} ms` : 'the builder broke the connection off before it answered';
      reject(isConnected ? new AppError('platform.internal', { detail, cause }) : new BuilderUnavailable(cause));
    };
    // One connection for one run: a kept one may be closed by the other side just as it is used again.
    const request = send(url, { method: 'POST', headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerMaxBytes) request.destroy(new Error(`answers more than ${answerMaxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        clearTimeout(timer);
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    const timer = setTimeout(() => {
      isLate = true;
      request.destroy(new Error('timed out'));
    }, options.timeoutMs);
    const connectTimer = setTimeout(() => request.destroy(new Error('no connection in time')), connectTimeoutMs);
    request.on('socket', (socket) =>
      socket.once(url.protocol === 'https:' ? 'secureConnect' : 'connect', () => {
        isConnected = true;
        clearTimeout(connectTimer);
      }),
    );
    request.on('error', fail);
    request.end(body);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
