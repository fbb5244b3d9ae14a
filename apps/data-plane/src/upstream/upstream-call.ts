import { AppError, type UpstreamTarget } from '@torii/contracts';
import { type Clock, Cohort } from '@torii/service-kit';
import type { Dispatcher } from 'undici';
import type { UpstreamAttempt } from './attempt.js';
import type { Connection } from './connection.js';
import { incomingHeaders } from './incoming-head.js';
import { outgoingTrailers } from './request-trailers.js';
import { ResponseFlow } from './response-flow.js';
import type { StreamedResponse } from './streamed-response.js';
import { upstreamErrorOf } from './upstream-errors.js';
import type { UpstreamRequest } from './upstream-request.js';

export interface UpstreamCallOptions {
  readonly request: UpstreamRequest;
  readonly connection: Connection;
  /** With the query. */
  readonly path: string;
  /** Name and value in turn. */
  readonly headers: string[];
  readonly timeouts: UpstreamTarget['timeouts'];
  readonly attempt: UpstreamAttempt;
  readonly clock: Clock;
  /** Called once, when nothing more will happen on the connection; `isWhole` says that it can serve others. */
  readonly onOver: (isWhole: boolean) => void;
}

/** A server has no reason to send more 1xx answers before the real one. */
const interimMax = 16;
const processing = 102;
const earlyHints = 103;

/** The answers that a turn of the event loop brings are gone on with together. */
const answered = new Cohort<() => void>((goOn) => goOn());

type Phase = 'connecting' | 'sending' | 'waiting' | 'receiving';
type Headers = Record<string, string | string[] | undefined>;

/**
 * One request on one connection, from its dispatch to the last byte of its answer.
 *
 * Has one timer, which is looked at when it fires and not touched by every byte: a body that moves sets a time, no timer.
 */
export class UpstreamCall implements Dispatcher.DispatchHandler {
  /** Whether anything was written to the target. */
  hasStarted = false;
  /** Whether anything of an answer has come. */
  hasAnswerBegun = false;
  private readonly options: UpstreamCallOptions;
  private readonly deadlineAtMs: number;
  private controller: Dispatcher.DispatchController | undefined;
  private flow: ResponseFlow | undefined;
  private phase: Phase = 'connecting';
  private startedAtMs = 0;
  private movedAtMs: number;
  private sentAtMs = Number.POSITIVE_INFINITY;
  private interims = 0;
  private isOver = false;
  private failure: AppError | undefined;
  private timer: NodeJS.Timeout | undefined;
  private timerAtMs = Number.POSITIVE_INFINITY;
  private resolve: (response: StreamedResponse) => void = () => undefined;
  private reject: (error: AppError) => void = () => undefined;

  constructor(options: UpstreamCallOptions) {
    this.options = options;
    this.movedAtMs = options.clock.nowMs();
    this.deadlineAtMs = this.movedAtMs + options.request.deadline.remainingMs();
  }

  /** Resolves with the head of the answer and a body that goes on; rejects with `upstream.*` or `client.*`. */
  start(): Promise<StreamedResponse> {
    const { request, connection, path, headers, timeouts } = this.options;
    return new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
      if (request.signal.aborted) {
        this.abort(new AppError('client.gone'));
        return;
      }
      request.signal.addEventListener('abort', this.onGone, { once: true });
      const { body } = request;
      const isStreamed = !(body instanceof Uint8Array);
      // The shortest that can matter; when it fires what is due is looked up.
      this.setTimer(this.movedAtMs, Math.min(timeouts.headersMs, timeouts.idleMs, request.deadline.remainingMs()));
      // The server name is the connector's to say; undici would make one of each request's Host, and a new connection with it.
      const options = { path, method: request.method, headers, body: isStreamed ? body.open(this.onTrailers) : body, servername: 'upstream' };
      connection.client.dispatch(options, this);
    });
  }

  /** Gives it up, whatever it is at. */
  abort(error: AppError): void {
    if (this.isOver) return;
    this.failure ??= error;
    if (this.controller !== undefined) this.controller.abort(this.failure);
    else this.fail(this.failure);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    const { connection, attempt, clock } = this.options;
    attempt.isReusedConnection = connection.served > 0;
    connection.begin();
    this.hasStarted = true;
    this.startedAtMs = clock.nowMs();
    this.movedAtMs = this.startedAtMs;
    this.enter('sending');
  }

  onBodySent(): void {
    this.movedAtMs = this.options.clock.nowMs();
  }

  onRequestSent(): void {
    this.sentAtMs = this.movedAtMs;
    if (this.phase === 'sending') this.enter('waiting');
  }

  onResponseStarted(): void {
    this.hasAnswerBegun = true;
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Headers): void {
    if (status < 200) {
      this.onInterim(status, headers);
      return;
    }
    const { attempt, clock } = this.options;
    this.movedAtMs = clock.nowMs();
    this.enter('receiving');
    attempt.status = status;
    attempt.headersMs = this.movedAtMs - this.startedAtMs;
    attempt.durationMs = this.movedAtMs - attempt.startedAtMs;
    this.flow = new ResponseFlow({
      pause: () => controller.pause(),
      resume: () => controller.resume(),
      abort: (error) => this.abort(error),
      moved: () => {
        this.movedAtMs = this.options.clock.nowMs();
      },
    });
    const isSent = this.sentAtMs !== Number.POSITIVE_INFINITY;
    const sendingMs = (isSent ? this.sentAtMs : this.movedAtMs) - this.startedAtMs;
    const response = { status, headers: incomingHeaders(status, headers), sendingMs, stream: this.flow };
    answered.add(() => this.resolve(response));
  }

  onResponseData(_controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    this.movedAtMs = this.options.clock.nowMs();
    this.flow?.add(piece);
  }

  onResponseEnd(_controller: Dispatcher.DispatchController, trailers: Headers): void {
    if (this.isOver) return;
    // An answer that comes before the end of the request ends the connection with it.
    this.over(this.sentAtMs !== Number.POSITIVE_INFINITY);
    this.flow?.end(trailers);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.fail(this.failure ?? upstreamErrorOf(error, this.hasStarted));
  }

  private readonly onTrailers = (trailers: readonly string[]): void => {
    if (this.isOver) return;
    const { connection, request, headers } = this.options;
    connection.trail(outgoingTrailers(trailers, request.rawHeaders, headers));
  };

  private readonly onGone = (): void => this.abort(new AppError('client.gone'));

  private onInterim(status: number, headers: Headers): void {
    this.interims += 1;
    if (this.interims > interimMax) {
      this.abort(new AppError('upstream.reset', { detail: `the answer of the upstream begins with more than ${interimMax} interim ones` }));
    } else if (status === processing) {
      this.options.request.onInterim?.({ status, links: [] });
    } else if (status === earlyHints && headers.link !== undefined) {
      this.options.request.onInterim?.({ status, links: [headers.link].flat() });
    }
  }

  private fail(error: AppError): void {
    if (this.isOver) return;
    const { attempt, clock } = this.options;
    attempt.code = error.code;
    this.over(false);
    if (this.flow === undefined) {
      attempt.durationMs = clock.nowMs() - attempt.startedAtMs;
      this.reject(error);
    } else this.flow.fail(error);
  }

  private over(isWhole: boolean): void {
    this.isOver = true;
    clearTimeout(this.timer);
    this.options.request.signal.removeEventListener('abort', this.onGone);
    this.options.connection.over();
    this.options.onOver(isWhole);
  }

  /** What is due in that phase may be due before the timer fires, which was set for another. */
  private enter(phase: Phase): void {
    this.phase = phase;
    const dueAtMs = this.dueAtMs();
    if (dueAtMs >= this.timerAtMs) return;
    clearTimeout(this.timer);
    this.setTimer(this.movedAtMs, dueAtMs - this.movedAtMs);
  }

  private setTimer(nowMs: number, waitMs: number): void {
    this.timerAtMs = nowMs + waitMs;
    this.timer = setTimeout(this.onTimer, Math.max(1, Math.ceil(waitMs)));
  }

  private readonly onTimer = (): void => {
    const nowMs = this.options.clock.nowMs();
    const leftMs = this.dueAtMs() - nowMs;
    if (leftMs <= 0) this.abort(this.lateError());
    else this.setTimer(nowMs, leftMs);
  };

  private dueAtMs(): number {
    const { idleMs, headersMs } = this.options.timeouts;
    switch (this.phase) {
      case 'connecting':
        return this.deadlineAtMs;
      case 'sending':
      case 'receiving':
        return this.movedAtMs + idleMs;
      case 'waiting':
        // The time in which a body was on its way does not count.
        return Math.min(this.sentAtMs + headersMs, this.deadlineAtMs + (this.sentAtMs - this.startedAtMs));
    }
  }

  private lateError(): AppError {
    const { request, timeouts } = this.options;
    switch (this.phase) {
      case 'connecting':
        return new AppError('upstream.unreachable', { detail: 'no connection to the upstream in the time of the request' });
      case 'waiting':
        return new AppError('upstream.deadline_exceeded', { detail: 'no answer from the upstream in time' });
      case 'sending':
        if (!(request.body instanceof Uint8Array) && request.body.isStarved) return new AppError('client.request_timeout');
        return new AppError('upstream.deadline_exceeded', { detail: `the upstream took nothing of the request for ${timeouts.idleMs} ms` });
      case 'receiving':
        if (this.flow?.isWaitingForClient === true) {
          return new AppError('client.gone', { detail: `the client took nothing of the answer for ${timeouts.idleMs} ms` });
        }
        return new AppError('upstream.deadline_exceeded', { detail: `nothing came of the upstream's answer for ${timeouts.idleMs} ms` });
    }
  }
}
