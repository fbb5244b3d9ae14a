import type { Logger } from '@torii/service-kit';
import type { ThreadTailBatch } from '../tail/thread-tail.js';
import type { ThreadLoss } from './live-thread.js';
import type { ThreadSettings } from './thread-messages.js';

export interface DataThreadsOptions {
  readonly settings: Omit<ThreadSettings, 'index' | 'threadCount' | 'board'>;
  readonly threadCount: number;
  readonly proxyPort: number;
  readonly activationTimeoutMs: number;
  /** A thread that was not heard for longer is ended and replaced (ms). */
  readonly silenceMs: number;
  /** Called for each thread that is lost while it serves; must not throw. */
  readonly onLost?: (loss: ThreadLoss) => void;
  /** Called when a thread's place is free again: what it left behind in shared memory can be put in order. */
  readonly onGone?: (thread: number) => void;
  /** Called with what followers of requests are to be told; must not throw. */
  readonly onTail?: (batches: readonly ThreadTailBatch[]) => void;
  /** Called with the report, as JSON, of each request that had a token; must not throw. */
  readonly onReport?: (id: string, json: string) => void;
  /** When, after the others, the thread that waits to replace one is started (ms): later than a node has settled, it costs the start nothing. */
  readonly firstSpareDelayMs: number;
  /** The program of a data thread; for tests. */
  readonly entry?: URL;
  readonly log: Logger;
}
