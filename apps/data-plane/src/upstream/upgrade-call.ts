import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError, type UpstreamTarget } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import type { UpstreamAttempt } from './attempt.js';
import type { Connector } from './connector.js';
import { incomingHeaders } from './incoming-head.js';
import { ResponseFlow } from './response-flow.js';
import type { StreamedResponse } from './streamed-response.js';
import { upstreamErrorOf } from './upstream-errors.js';
import type { UpstreamRequest } from './upstream-request.js';

/** The answer that a connection now speaks another protocol. */
export interface UpgradedResponse {
  readonly status: 101;
  /** Those of the connection among them. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** The target's end of the connection, with what came on it already. */
  readonly tunnel: { readonly socket: Duplex; readonly head: Buffer; readonly idleMs: number };
}

export interface UpgradeCallOptions {
  readonly request: UpstreamRequest;
  readonly connector: Connector;
  readonly path: string;
  /** Name and value in turn. */
  readonly headers: string[];
  /** What the client's `Upgrade` says. */
  readonly protocol: string;
  readonly timeouts: UpstreamTarget['timeouts'];
  readonly attempt: UpstreamAttempt;
  readonly clock: Clock;
  /** Called once, when the connection is closed or never came to be. */
  readonly onOver: () => void;
}

/**
 * A request to speak another protocol, such as WebSocket, on a connection of its own (RFC 9110 section 7.8). By node's client: undici takes no
 * answer but 101, and others are the client's to see.
 */
export class UpgradeCall {
  /** Whether anything was written to the target. */
  hasStarted = false;
  readonly hasAnswerBegun = false;
  private isSettled = false;

  constructor(private readonly options: UpgradeCallOptions) {}

  /** Rejects with `upstream.*` or `client.gone`. */
  start(): Promise<UpgradedResponse | StreamedResponse> {
    const { connector, request, onOver } = this.options;
    return new Promise((resolve, reject) => {
      connector.connect((error, socket) => {
        if (socket === null) {
          onOver();
          reject(this.failed(error));
          return;
        }
        socket.once('close', onOver);
        if (!request.signal.aborted) this.ask(socket, resolve, reject);
        else {
          socket.destroy();
          reject(this.failed(new AppError('client.gone')));
        }
      }, true);
    });
  }

  private ask(socket: Socket, resolve: (response: UpgradedResponse | StreamedResponse) => void, reject: (error: AppError) => void): void {
    const { request, path, headers, protocol, timeouts, clock, attempt } = this.options;
    const startedAtMs = clock.nowMs();
    this.hasStarted = true;
    attempt.isReusedConnection = false;
    const settle = (outcome: () => void): void => {
      if (this.isSettled) return;
      this.isSettled = true;
      clearTimeout(timer);
      request.signal.removeEventListener('abort', onGone);
      outcome();
    };
    const fail = (error: unknown): void =>
      settle(() => {
        socket.destroy();
        reject(this.failed(error));
      });
    const onGone = (): void => fail(new AppError('client.gone'));
    const late = (): void => fail(new AppError('upstream.deadline_exceeded', { detail: 'no answer from the upstream in time' }));
    const timer = setTimeout(late, Math.min(timeouts.headersMs, request.deadline.remainingMs()));
    request.signal.addEventListener('abort', onGone, { once: true });
    const noteHead = (status: number): void => {
      const nowMs = clock.nowMs();
      attempt.status = status;
      attempt.headersMs = nowMs - startedAtMs;
      attempt.durationMs = nowMs - attempt.startedAtMs;
    };
    let asked: ClientRequest;
    try {
      const sent = [...headers, 'connection', 'upgrade', 'upgrade', protocol];
      asked = httpRequest({ createConnection: () => socket, method: request.method, path, headers: sent });
    } catch (error) {
      fail(new AppError('client.bad_request', { detail: 'the request cannot be sent on: a part of its head is not valid', cause: error }));
      return;
    }
    asked.on('error', fail);
    asked.once('upgrade', (answer: IncomingMessage, tunnel: Duplex, head: Buffer) => {
      settle(() => {
        noteHead(101);
        const kept = { ...incomingHeaders(101, distinct(answer)), connection: 'upgrade', upgrade: answer.headers.upgrade ?? protocol };
        resolve({ status: 101, headers: kept, tunnel: { socket: tunnel, head, idleMs: timeouts.idleMs } });
      });
    });
    asked.once('response', (answer: IncomingMessage) => {
      settle(() => {
        const status = answer.statusCode ?? 0;
        noteHead(status);
        resolve({ status, headers: incomingHeaders(status, distinct(answer)), sendingMs: 0, stream: this.flowOf(answer) });
      });
    });
    asked.end();
  }

  /** The body of an answer that keeps to HTTP. */
  private flowOf(answer: IncomingMessage): ResponseFlow {
    const { request, timeouts, attempt } = this.options;
    const abort = (error: AppError): void => {
      attempt.code ??= error.code;
      flow.fail(error);
      answer.destroy();
    };
    const onGone = (): void => abort(new AppError('client.gone'));
    const flow = new ResponseFlow({
      pause: () => answer.pause(),
      resume: () => answer.resume(),
      abort,
      moved: () => idle.refresh(),
    });
    const idle = setTimeout(() => {
      abort(new AppError('upstream.deadline_exceeded', { detail: `nothing came of the upstream's answer for ${timeouts.idleMs} ms` }));
    }, timeouts.idleMs);
    request.signal.addEventListener('abort', onGone, { once: true });
    answer.on('data', (piece: Buffer) => {
      idle.refresh();
      flow.add(piece);
    });
    answer.once('end', () => flow.end(answer.trailersDistinct));
    answer.on('error', (error) => abort(upstreamErrorOf(error, true)));
    answer.once('close', () => {
      clearTimeout(idle);
      request.signal.removeEventListener('abort', onGone);
      if (!answer.complete) abort(upstreamErrorOf(undefined, true));
    });
    return flow;
  }

  private failed(error: unknown): AppError {
    const { attempt, clock } = this.options;
    const failure = upstreamErrorOf(error, this.hasStarted);
    attempt.code = failure.code;
    attempt.durationMs = clock.nowMs() - attempt.startedAtMs;
    return failure;
  }
}

/** As they came, several values of a name apart. */
function distinct({ headersDistinct }: IncomingMessage): Record<string, string | string[]> {
  return Object.fromEntries(Object.entries(headersDistinct).map(([name, values = []]) => [name, values.length === 1 ? (values[0] ?? '') : values]));
}
