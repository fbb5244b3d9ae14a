import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError } from '@torii/contracts';
import type { Deadline } from '@torii/service-kit';
import type { BodySource } from '../pipeline/exchange.js';
import type { Recording } from '../pipeline/recording.js';
import type { BodyBudget } from './body-budget.js';
import { Upload } from './upload.js';

const noBody = new Uint8Array(0);

interface RequestBodyOptions {
  readonly budget: BodyBudget;
  /** Of the request. */
  readonly deadline: Deadline;
  /** Undefined where nobody asked how long it takes. */
  readonly recording: Recording | undefined;
}

/** The body of one request, counted against the thread's budget from its first byte until it is released. */
export class RequestBody implements BodySource {
  private takenBytes = 0;
  private heldBytes = 0;

  constructor(
    private readonly req: IncomingMessage,
    private readonly res: ServerResponse,
    private readonly options: RequestBodyOptions,
  ) {}

  /**
   * Reads the whole body, up to `maxBytes`.
   *
   * Throws `client.body_too_large` at once when the announced or the received length is more,
   * `client.request_timeout` when it does not arrive by the deadline, `client.gone` when the client leaves,
   * `capacity.overloaded` when the bodies of other requests take all the room there is.
   */
  read(maxBytes: number): Promise<Uint8Array> {
    const read = this.readWhole(maxBytes);
    return this.options.recording?.timed('read-body', read) ?? read;
  }

  stream(): Upload {
    return new Upload(this.req, this.res);
  }

  /** How many bytes of it were read. */
  get bytes(): number {
    return this.takenBytes;
  }

  /** Counts so many bytes of the answer with it; false when there is no room for them. */
  hold(bytes: number): boolean {
    if (!this.options.budget.take(bytes)) return false;
    this.heldBytes += bytes;
    return true;
  }

  release(): void {
    this.options.budget.giveBack(this.takenBytes + this.heldBytes);
    this.takenBytes = 0;
    this.heldBytes = 0;
  }

  private async readWhole(maxBytes: number): Promise<Uint8Array> {
    const { req, res } = this;
    const announced = req.headers['content-length'];
    if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(maxBytes);
    if (announced === '0') return noBody;
    // What has closed before anybody listens does not close again.
    if (res.destroyed || req.destroyed) throw new AppError('client.gone');
    // HTTP/1.0 has no interim answers (RFC 9110 section 10.1.1).
    if (req.headers.expect !== undefined && req.httpVersion !== '1.0') res.writeContinue();
    return this.collect(maxBytes);
  }

  private collect(maxBytes: number): Promise<Uint8Array> {
    const { req } = this;
    const { budget, deadline } = this.options;
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const timer = setTimeout(() => settle(() => reject(new AppError('client.request_timeout'))), deadline.remainingMs());
      const onData = (chunk: Buffer): void => {
        if (this.takenBytes + chunk.length > maxBytes) settle(() => reject(tooLarge(maxBytes)));
        else if (budget.take(chunk.length)) {
          this.takenBytes += chunk.length;
          chunks.push(chunk);
        } else settle(() => reject(new AppError('capacity.overloaded', { detail: 'too many request bodies are in memory' })));
      };
      const onEnd = (): void =>
        settle(() => resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, this.takenBytes)));
      const onClose = (): void => settle(() => reject(new AppError('client.gone')));
      const settle = (outcome: () => void): void => {
        clearTimeout(timer);
        req.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
        outcome();
      };
      req.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
    });
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('client.body_too_large', { detail: `this route takes up to ${maxBytes} bytes` });
}
