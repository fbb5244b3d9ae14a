import type { DestinationStream } from 'pino';

/** https://github.com/pinojs/pino/blob/main/docs/api.md#symbols */
const metadata: unique symbol = Symbol.for('pino.metadata');

/** More waiting than this is written at once (characters). */
const waitingMax = 65_536;
/** How long a line waits for others (ms). */
const waitMs = 10;
/** pino's number for `error`; such lines, and worse ones, do not wait. */
const errorLevel = 50;

/**
 * Writes the lines of ten milliseconds together: a system call per request, or a turn of the event loop that must not
 * wait, costs a busy thread several percent of its time. Lines from `error` upwards are written at once, with all before
 * them, so that what explains the end of a thread is never lost; so are all lines when the thread exits by itself.
 */
export class BatchedLines implements DestinationStream {
  /** Asks pino to set `lastLevel` before each write. */
  readonly [metadata] = true;
  lastLevel = 0;

  private readonly destination: DestinationStream;
  private waiting = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(destination: DestinationStream) {
    this.destination = destination;
    process.once('exit', () => this.flush());
  }

  write(line: string): void {
    this.waiting += line;
    if (this.lastLevel >= errorLevel || this.waiting.length > waitingMax) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), waitMs).unref();
  }

  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.waiting === '') return;
    const lines = this.waiting;
    this.waiting = '';
    this.destination.write(lines);
  }
}
