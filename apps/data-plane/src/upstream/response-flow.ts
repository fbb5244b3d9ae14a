import type { ServerResponse } from 'node:http';
import { AppError } from '@torii/contracts';

/** Whoever the bytes come from. */
export interface FlowSource {
  pause(): void;
  resume(): void;
  /** Gives the answer up; the flow then fails with this. */
  abort(error: AppError): void;
  /** Told when the client has taken something. */
  moved(): void;
}

export type Trailers = Readonly<Record<string, string | string[] | undefined>>;

/** So much is taken in before somebody wants it: a small answer is there as a whole when its head is looked at. */
const heldMaxBytes = 64 * 1024;

export interface CollectOptions {
  readonly maxBytes: number;
  /** Asked before bytes are kept beyond those that are there. */
  readonly hold: (bytes: number) => boolean;
  readonly timeoutMs: number;
}

interface Sink {
  readonly take: (piece: Uint8Array) => void;
  readonly end: () => void;
  readonly fail: (error: AppError) => void;
}

/**
 * The body of an answer on its way to the client. Beyond a few bytes nothing is taken from the source before one of
 * `pipeTo` and `collect` asks, and then no faster than it goes on.
 */
export class ResponseFlow {
  private readonly pieces: Uint8Array[] = [];
  private heldBytes = 0;
  private sink: Sink | undefined;
  private isEnded = false;
  private failure: AppError | undefined;
  private trailers: Trailers | undefined;
  private isBlocked = false;

  constructor(private readonly source: FlowSource) {}

  /** Whether it is the client that is waited for. */
  get isWaitingForClient(): boolean {
    return this.isBlocked;
  }

  add(piece: Uint8Array): void {
    if (this.sink !== undefined) {
      this.sink.take(piece);
      return;
    }
    this.hold(piece);
    if (this.heldBytes >= heldMaxBytes) this.source.pause();
  }

  end(trailers?: Trailers): void {
    this.isEnded = true;
    if (trailers !== undefined) for (const _name in trailers) this.trailers = trailers;
    this.sink?.end();
  }

  fail(error: AppError): void {
    this.failure ??= error;
    this.sink?.fail(error);
  }

  /** Nobody wants it. */
  cancel(): void {
    if (!this.isEnded && this.failure === undefined) this.source.abort(new AppError('client.gone', { detail: 'the answer is not wanted' }));
  }

  /** The whole body when it is there already and no trailers follow it, else undefined. */
  whole(): Uint8Array | undefined {
    if (!this.isEnded || this.trailers !== undefined) return undefined;
    return this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces, this.heldBytes);
  }

  /**
   * Takes in all of it. Undefined when it is more than `maxBytes`; it can be piped all the same. Rejects with why it broke off,
   * with `capacity.overloaded` when `hold` says no, with `upstream.deadline_exceeded` when it takes longer than `timeoutMs`.
   */
  collect({ maxBytes, hold, timeoutMs }: CollectOptions): Promise<Uint8Array | undefined> {
    return new Promise((resolve, reject) => {
      const late = (): void =>
        this.source.abort(new AppError('upstream.deadline_exceeded', { detail: 'the answer of the upstream has no end in time' }));
      const timer = setTimeout(late, timeoutMs);
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        this.sink = undefined;
        outcome();
      };
      const end = (): void => settle(() => resolve(this.heldBytes > maxBytes ? undefined : Buffer.concat(this.pieces, this.heldBytes)));
      const take = (piece: Uint8Array): void => {
        this.hold(piece);
        if (this.heldBytes > maxBytes) {
          this.source.pause();
          end();
        } else if (!hold(piece.length)) {
          this.source.abort(new AppError('capacity.overloaded', { detail: 'too many bodies are in memory' }));
        }
      };
      this.drainInto({ take, end, fail: (error) => settle(() => reject(error)) }, this.heldBytes > maxBytes);
    });
  }

  /** Writes it to the client and ends the response. Rejects with why it broke off; the response is then not ended. */
  pipeTo(res: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      const onDrain = (): void => {
        this.isBlocked = false;
        this.source.moved();
        this.source.resume();
      };
      const settle = (): void => {
        this.sink = undefined;
        this.isBlocked = false;
        res.off('drain', onDrain);
      };
      const take = (piece: Uint8Array): void => {
        if (res.write(piece) || this.isEnded) return;
        this.isBlocked = true;
        this.source.pause();
      };
      const end = (): void => {
        settle();
        if (this.trailers !== undefined) res.addTrailers(sendableTrailers(this.trailers));
        res.end();
        resolve();
      };
      const fail = (error: AppError): void => {
        settle();
        reject(error);
      };
      res.on('drain', onDrain);
      // The client must see the head of an answer whose body takes its time.
      if (this.pieces.length === 0) res.flushHeaders();
      for (const piece of this.pieces.splice(0)) take(piece);
      this.heldBytes = 0;
      this.drainInto({ take, end, fail }, false);
    });
  }

  private drainInto(sink: Sink, isOver: boolean): void {
    if (this.failure !== undefined) sink.fail(this.failure);
    else if (this.isEnded || isOver) sink.end();
    else {
      this.sink = sink;
      if (!this.isBlocked) this.source.resume();
    }
  }

  private hold(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.heldBytes += piece.length;
  }
}

/** Fields that must not come after a body (RFC 9110 section 6.5.1), or that are ours to set. */
const notAfterBody =
  /^(authorization|connection|content-.*|cookie|host|keep-alive|proxy-.*|set-cookie|te|trailer|transfer-encoding|upgrade|x-request-id|x-torii-error)$/;

function sendableTrailers(trailers: Trailers): [string, string][] {
  return Object.entries(trailers).flatMap(([name, value]) =>
    notAfterBody.test(name) ? [] : [value ?? []].flat().map((one): [string, string] => [name, one]),
  );
}
