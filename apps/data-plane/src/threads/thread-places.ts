import { setTimeout as after } from 'node:timers/promises';
import type { Logger } from '@torii/service-kit';
import { LiveThread } from './live-thread.js';
import { ThreadBoard } from './thread-board.js';
import type { ThreadNews, ThreadSettings } from './thread-messages.js';

export interface ThreadPlacesOptions {
  readonly count: number;
  /** The program of a data thread. */
  readonly entry: URL;
  /** What a thread that is started now is told. */
  readonly settings: () => Omit<ThreadSettings, 'index' | 'board'>;
  readonly onNews: (news: ThreadNews) => void;
  /** Called when a thread has ended, while its place still is as it left it. */
  readonly onExit: (thread: LiveThread, exitCode: number) => void;
  /** Called after that, when another may have its place. */
  readonly onFree: (index: number) => void;
  readonly log: Logger;
}

/** The places of a node's data threads, each with a row of the board. A thread has its place from its start until it has ended. */
export class ThreadPlaces {
  readonly board: ThreadBoard;
  private readonly options: ThreadPlacesOptions;
  private readonly taken = new Map<number, LiveThread>();

  constructor(options: ThreadPlacesOptions) {
    this.options = options;
    this.board = ThreadBoard.create(options.count);
  }

  /** Threads that have not ended. */
  get threads(): readonly LiveThread[] {
    return [...this.taken.values()];
  }

  /** Starts a thread in a place that is free. Throws when the system has no thread for us. */
  startAt(index: number): LiveThread {
    const { entry, settings, log, onNews } = this.options;
    const row = this.board.of(index);
    row.clear();
    const thread = new LiveThread(entry, { ...settings(), index, board: this.board.memory }, row, {
      error: (error) => log.error({ err: error, thread: index }, 'data thread failed'),
      exit: (exitCode) => this.free(thread, exitCode),
      news: onNews,
    });
    this.taken.set(index, thread);
    return thread;
  }

  /** Starts a thread in any place; undefined while threads that were ended still hold theirs. Throws as `startAt` does. */
  startAnywhere(): LiveThread | undefined {
    for (let index = 0; index < this.board.threads; index += 1) {
      if (!this.taken.has(index)) return this.startAt(index);
    }
    return undefined;
  }

  /** Resolves when the threads that were given up have ended, or the time is up. */
  async lostHaveLeft(timeoutMs: number): Promise<void> {
    const leaving = this.threads.filter(({ isLost }) => isLost).map(({ exited }) => exited);
    await Promise.race([Promise.all(leaving), after(timeoutMs, undefined, { ref: false })]);
  }

  private free(thread: LiveThread, exitCode: number): void {
    const { onExit, onFree } = this.options;
    onExit(thread, exitCode);
    this.taken.delete(thread.index);
    thread.row.clear();
    onFree(thread.index);
  }
}
