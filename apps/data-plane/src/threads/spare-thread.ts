import type { Logger } from '@torii/service-kit';
import type { BackOff } from './back-off.js';
import type { LiveThread } from './live-thread.js';

export interface SpareThreadOptions {
  /** Starts a thread; undefined when there is no place for one. May throw when the system has none. */
  readonly start: () => LiveThread | undefined;
  readonly backOff: BackOff;
  readonly log: Logger;
}

/** A thread that is started but serves nothing, kept for when one is lost. */
export class SpareThread {
  private readonly options: SpareThreadOptions;
  private thread: LiveThread | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(options: SpareThreadOptions) {
    this.options = options;
  }

  get isThere(): boolean {
    return this.thread !== undefined;
  }

  /** Has one started after that time, or as soon as that can be done, unless there is one by then; the last call counts. */
  startIn(waitMs: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.start(), waitMs);
    this.timer.unref();
  }

  /** The spare, which is none any more; undefined when there is none. */
  take(): LiveThread | undefined {
    const { thread } = this;
    this.thread = undefined;
    return thread;
  }

  /** Whether this lost thread was the spare; if so, another one is started, later each time when they do not last (ms). */
  replaces(lost: LiveThread, lastedMs: number): boolean {
    if (lost !== this.thread) return false;
    this.thread = undefined;
    this.startIn(this.options.backOff.nextMs(lastedMs));
    return true;
  }

  /** None is started any more. One that is there is not ended. */
  close(): void {
    this.isClosed = true;
    clearTimeout(this.timer);
  }

  private start(): void {
    if (this.isClosed || this.thread !== undefined) return;
    const { start, backOff, log } = this.options;
    try {
      this.thread = start();
    } catch (error) {
      log.error({ err: error }, 'spare data thread not started');
    }
    if (this.thread === undefined) this.startIn(backOff.nextMs(0));
  }
}
