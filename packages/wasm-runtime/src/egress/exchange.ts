import { Cohort } from '@torii/service-kit';
import type { Dispatcher, Pool } from 'undici';
import { EgressError } from './egress-error.js';
import { type BufferRoom, GrowingBuffer } from './growing-buffer.js';
import { redirectOf } from './hop.js';
import { joinedHeaders } from './request-headers.js';

/** A server has no reason to send more 1xx answers before the real one. */
const interimMax = 16;
/** A body may come in this many pieces of any size; beyond that they must be of `pieceMeanMinBytes` on average. */
const piecesFree = 10_000;
const pieceMeanMinBytes = 256;
/** Of a redirect's body, which is of no use, so much is read to keep the connection. */
const discardMaxBytes = 16 * 1024;

/** The answers that a turn of the event loop brings are gone on with together. */
const answered = new Cohort<() => void>((goOn) => goOn());

export interface Outgoing {
  /** With its query. */
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  /** The answer is wanted without its body when it is a redirect. */
  readonly skipsRedirectBody: boolean;
  readonly room: BufferRoom;
  readonly signal: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * One request and its whole answer on a connection of the pool. Rejects with what undici says, with `EgressError` for
 * answers beyond the limits, and at once when the signal aborts; the connection is dropped then.
 *
 * The body stays as it came: nothing is decompressed, so a compressed answer is never larger here than on the wire.
 */
export function exchange(pool: Pool, outgoing: Outgoing): Promise<Answer> {
  return new Promise((resolve, reject) => new Exchange(outgoing, resolve, reject).start(pool));
}

class Exchange implements Dispatcher.DispatchHandler {
  private readonly outgoing: Outgoing;
  private readonly resolve: (answer: Answer) => void;
  private readonly reject: (error: unknown) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private isSettled = false;
  private status = 0;
  private headers: Readonly<Record<string, string>> = {};
  private body: GrowingBuffer | undefined;
  private interims = 0;
  private pieces = 0;
  private receivedBytes = 0;

  constructor(outgoing: Outgoing, resolve: (answer: Answer) => void, reject: (error: unknown) => void) {
    this.outgoing = outgoing;
    this.resolve = resolve;
    this.reject = reject;
  }

  start(pool: Pool): void {
    const { path, method, headers, body, signal } = this.outgoing;
    if (signal.aborted) {
      this.fail(new EgressError('aborted', 'the call was cancelled'));
      return;
    }
    signal.addEventListener('abort', this.onAbort, { once: true });
    try {
      pool.dispatch({ path, method, headers: { ...headers }, body: body ?? null }, this);
    } catch (error) {
      this.fail(error);
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    // Given up while it waited for a connection: it is not sent any more.
    if (this.isSettled) controller.abort(new EgressError('aborted', 'the call was cancelled'));
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (status < 200) {
      this.interims += 1;
      if (this.interims > interimMax) throw new EgressError('bad_answer', `the answer begins with more than ${interimMax} interim ones`);
      return;
    }
    this.status = status;
    this.headers = joinedHeaders(headers);
    if (this.outgoing.skipsRedirectBody && redirectOf(status, this.headers) !== undefined) return;
    // The answer to HEAD tells the length of a body that does not come.
    const announcedBytes = this.outgoing.method === 'HEAD' ? 0 : Number(this.headers['content-length'] ?? 0);
    this.body = new GrowingBuffer(announcedBytes, this.outgoing.room);
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Uint8Array): void {
    this.pieces += 1;
    this.receivedBytes += piece.length;
    if (this.body === undefined) {
      if (this.receivedBytes <= discardMaxBytes) return;
      this.succeed();
      controller.abort(new EgressError('aborted', 'the rest is of no use'));
      return;
    }
    if (this.pieces > piecesFree + this.receivedBytes / pieceMeanMinBytes) {
      throw new EgressError('bad_answer', 'the answer comes in too many too small pieces');
    }
    this.body.add(piece);
  }

  onResponseEnd(): void {
    this.succeed();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  private readonly onAbort = (): void => {
    const error = new EgressError('aborted', 'the call was cancelled');
    this.fail(error);
    this.controller?.abort(error);
  };

  private succeed(): void {
    if (!this.settle()) return;
    const answer = { status: this.status, headers: this.headers, body: this.body?.bytes() ?? new Uint8Array(0) };
    answered.add(() => this.resolve(answer));
  }

  private fail(error: unknown): void {
    if (this.settle()) this.reject(error);
  }

  private settle(): boolean {
    if (this.isSettled) return false;
    this.isSettled = true;
    this.outgoing.signal.removeEventListener('abort', this.onAbort);
    return true;
  }
}
