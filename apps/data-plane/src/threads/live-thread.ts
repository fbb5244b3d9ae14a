import { Worker } from 'node:worker_threads';
import type { RouteKeys } from './staged-routes.js';
import type { BoardRow } from './thread-board.js';
import { ThreadLink } from './thread-link.js';
import type { ThreadNews, ThreadSettings } from './thread-messages.js';

/** Why a data thread is gone: it no longer answered and was ended, or it ended by itself. */
export type LossReason = 'silent' | 'ended';

export interface ThreadLoss {
  readonly thread: number;
  readonly reason: LossReason;
  /** The row of the plugin that ran when the thread was last heard of; undefined when none did. */
  readonly pluginRow: number | undefined;
}

/** One data thread as the main thread sees it, from its start to its exit. */
export class LiveThread {
  readonly link: ThreadLink;
  readonly index: number;
  readonly startedAtMs = performance.now();
  /** Set once, when it begins to serve: ends the watch over it. */
  unwatch: (() => void) | undefined;
  /** Whether it was given up, though it may not be gone yet. */
  isLost = false;
  /** The routes that it certainly serves, and need not be told again; undefined when that is not known. */
  holds: RouteKeys | undefined;
  /** Resolves when it is gone. */
  readonly exited: Promise<void>;
  private readonly worker: Worker;

  constructor(
    entry: URL,
    settings: ThreadSettings,
    readonly row: BoardRow,
    on: { readonly error: (error: unknown) => void; readonly exit: (exitCode: number) => void; readonly news: (news: ThreadNews) => void },
  ) {
    this.index = settings.index;
    this.worker = new Worker(entry, {
      workerData: settings,
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.link = new ThreadLink(this.worker, on.news);
    this.worker.on('error', on.error);
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', (exitCode) => {
        on.exit(exitCode);
        resolve();
      });
    });
  }

  /** Asks nothing: whatever it does is cut short, and its connections with it. Resolves when it is gone. */
  async terminate(): Promise<void> {
    await this.worker.terminate();
  }
}
