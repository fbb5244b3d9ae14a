import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { AppError } from '@torii/contracts';
import type { ClientBody } from '../upstream/client-body.js';
import { markStreaming } from './streaming.js';

/** The body of a request, taken from the client no faster than it goes on. */
export class Upload implements ClientBody {
  private stream: UploadStream | undefined;

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
  ) {}

  get hasBegun(): boolean {
    return this.stream?.hasBegun === true;
  }

  get isStarved(): boolean {
    return this.stream?.isStarved === true;
  }

  open(onTrailers: (trailers: readonly string[]) => void): Readable {
    markStreaming(this.req, true);
    this.stream = new UploadStream(this.req, this.res, onTrailers);
    return this.stream;
  }
}

/** Not the request itself: what the upstream's connection does to its body must not end the client's. */
class UploadStream extends Readable {
  hasBegun = false;
  isStarved = false;

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    private readonly onTrailers: (trailers: readonly string[]) => void,
  ) {
    super();
  }

  override _read(): void {
    this.isStarved = true;
    if (this.hasBegun) {
      this.req.resume();
      return;
    }
    this.hasBegun = true;
    const { req, res } = this;
    // What has closed before anybody listens does not close again.
    if (res.destroyed || req.destroyed) {
      this.destroy(new AppError('client.gone'));
      return;
    }
    // HTTP/1.0 has no interim answers (RFC 9110 section 10.1.1).
    if (req.headers.expect !== undefined && req.httpVersion !== '1.0') res.writeContinue();
    req.on('data', this.onData).on('end', this.onEnd).on('close', this.onClose).on('error', this.onClose);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.req.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose).off('error', this.onClose);
    done(error);
  }

  private readonly onData = (piece: Buffer): void => {
    this.isStarved = false;
    if (!this.push(piece)) this.req.pause();
  };

  private readonly onEnd = (): void => {
    this.isStarved = false;
    const { rawTrailers } = this.req;
    if (rawTrailers.length > 0) this.onTrailers(rawTrailers);
    this.push(null);
  };

  private readonly onClose = (): void => {
    if (!this.req.complete) this.destroy(new AppError('client.gone'));
  };
}
