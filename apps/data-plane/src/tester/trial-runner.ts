import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { debugHeader, type Report, type TesterAnswer, type Trial } from '@torii/contracts';
import type { ActiveRevision } from '../config/active-revision.js';
import type { Inspector } from './inspector.js';
import { readResponse } from './read-response.js';

export interface TrialRunnerDeps {
  readonly inspector: Inspector;
  /** Serves a connection as the proxy serves any other. */
  readonly accept: (socket: Socket) => void;
}

type SentRequest = Pick<Trial, 'method' | 'target' | 'rawHeaders' | 'bodyBase64' | 'timeoutMs'>;

/** How long a request may go on after its response has come, or was given up, until its report is given up too. */
const reportGraceMs = 2_000;

/**
 * Sends this thread a request over a connection like any other, and answers what came back and the report: whatever
 * happens to it happens to real requests too.
 */
export class TrialRunner {
  constructor(private readonly deps: TrialRunnerDeps) {}

  /** `draft` is served instead of the active revision. Never throws for what the request does. */
  async run(trial: SentRequest, draft?: ActiveRevision): Promise<TesterAnswer> {
    const { inspector, accept } = this.deps;
    let deliver: (report: Report | undefined) => void = () => undefined;
    const reported = new Promise<Report | undefined>((resolve) => {
      deliver = resolve;
    });
    const listener = await listen(accept);
    const token = inspector.expect({ draft, deliver });
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), trial.timeoutMs);
    try {
      const { response, failure } = await send(trial, token, { port: portOf(listener), signal: abort.signal });
      const report = await within(reported, reportGraceMs);
      return { response: response ?? null, report: report ?? null, error: errorOf(response, report, failure) };
    } finally {
      clearTimeout(timer);
      inspector.forget(token);
      listener.close();
    }
  }
}

/** A listener of its own, so that the request comes to this thread and no other. */
async function listen(accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ noDelay: true }, accept);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

interface Received {
  readonly response?: TesterAnswer['response'];
  readonly failure?: string;
}

function send(
  { method, target, rawHeaders, bodyBase64, timeoutMs }: SentRequest,
  token: string,
  { port, signal }: { readonly port: number; readonly signal: AbortSignal },
): Promise<Received> {
  return new Promise((resolve) => {
    const headers = [...rawHeaders, debugHeader, token, 'connection', 'close'];
    const sent = request({ host: '127.0.0.1', port, method, path: target, headers, agent: false });
    const giveUp = (): void => {
      sent.destroy();
      resolve({ failure: `there was no response within ${timeoutMs} ms` });
    };
    signal.addEventListener('abort', giveUp, { once: true });
    sent.once('response', (message) => {
      signal.removeEventListener('abort', giveUp);
      readResponse(message, signal).then((response) => {
        sent.destroy();
        resolve({ response });
      }, giveUp);
    });
    // Such as an upload that is refused unread, when its answer is here already.
    sent.on('error', (error) => resolve({ failure: `the connection was closed without a response: ${error.message}` }));
    sent.end(Buffer.from(bodyBase64, 'base64'));
  });
}

function errorOf(response: TesterAnswer['response'] | undefined, report: Report | undefined, failure: string | undefined): TesterAnswer['error'] {
  if (response == null) return { code: 'no_response', detail: failure ?? 'the node sent no response' };
  if (report !== undefined) return null;
  const detail = 'the node refused the request before it looked at it, or had not done with it in time';
  return { code: 'no_report', detail };
}

async function within<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
