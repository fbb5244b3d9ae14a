import type { Socket } from 'node:net';
import { AppError } from '@torii/contracts';
import { Client } from 'undici';
import type { Connector } from './connector.js';
import { writeTrailers } from './request-trailers.js';
import { UnaskedContinue } from './unasked-continue.js';

/** Of an answer's head; more breaks it off. */
const headMaxBytes = 64 * 1024;
/** Before servers commonly close connections that are idle. */
const idleMs = 4_000;
/** What a server may ask for by `Keep-Alive: timeout`. */
const idleMaxMs = 60_000;

/** One connection to an upstream, for one request at a time; opened by the first, and again by the next when it was closed. */
export class Connection {
  readonly client: Client;
  /** Requests that went over the socket it has now. */
  served = 0;
  isOpen = false;
  private interims: UnaskedContinue | undefined;
  private socket: Socket | undefined;
  private endTrailers: (() => void) | undefined;

  constructor(origin: URL, connector: Connector, onClosed: (connection: Connection) => void) {
    this.client = new Client(origin.origin, {
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: headMaxBytes,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMaxMs,
      // A call has deadlines of its own.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: (_options, callback) =>
        connector.connect((error, socket) => {
          if (socket !== null) {
            this.socket = socket;
            this.interims = new UnaskedContinue(socket);
          }
          answer(callback, error, socket);
        }),
    });
    this.client.on('connect', () => {
      this.served = 0;
      this.isOpen = true;
    });
    this.client.on('disconnect', () => {
      this.isOpen = false;
      onClosed(this);
    });
  }

  /** A request begins, the only one on it. */
  begin(): void {
    this.served += 1;
    this.interims?.expect();
  }

  /** These follow the body that is being sent on it. */
  trail(trailers: readonly string[]): void {
    if (this.socket !== undefined && trailers.length > 0) this.endTrailers = writeTrailers(this.socket, trailers);
  }

  /** The request is over, whatever came of its trailers. */
  over(): void {
    this.endTrailers?.();
    this.endTrailers = undefined;
  }

  /** Breaks off what is under way on it. */
  destroy(error?: Error): void {
    void this.client.destroy(error ?? new AppError('upstream.reset')).catch(() => undefined);
  }
}

function answer(callback: (...outcome: [null, Socket] | [Error, null]) => void, error: Error | null, socket: Socket | null): void {
  if (socket !== null) callback(null, socket);
  else callback(error ?? new Error('no connection'), null);
}
