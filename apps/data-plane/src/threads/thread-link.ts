import type { Worker } from 'node:worker_threads';
import { AppError } from '@torii/contracts';
import type { ThreadAnswer, ThreadNews, ThreadReply, ThreadRequest } from './thread-messages.js';

interface Pending {
  readonly resolve: (answer: ThreadAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** A system error of a thread, such as a port in use. */
export class ThreadSystemError extends Error {
  constructor(
    readonly systemCode: string,
    detail: string | undefined,
  ) {
    super(detail ?? systemCode);
    this.name = 'ThreadSystemError';
  }
}

/** The main thread's end of the line to one data thread. */
export class ThreadLink {
  private readonly pending = new Map<number, Pending>();
  private nextCallId = 0;
  private isEnded = false;

  /** `onNews` gets what the thread says without being asked. */
  constructor(
    private readonly worker: Worker,
    onNews: (news: ThreadNews) => void = () => undefined,
  ) {
    worker.on('message', (message: ThreadReply | ThreadNews) => {
      if ('kind' in message) onNews(message);
      else this.settle(message);
    });
    worker.once('exit', () => this.failAll());
  }

  /** Rejects with the thread's `AppError`, or `platform.internal` when it ends or does not answer in time. */
  ask(request: ThreadRequest, timeoutMs: number): Promise<ThreadAnswer> {
    if (this.isEnded) return Promise.reject(threadEnded()); // nobody would ever answer
    const callId = this.nextCallId++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(callId);
        reject(new AppError('platform.internal', { detail: `a data thread did not ${request.kind} within ${timeoutMs} ms` }));
      }, timeoutMs);
      this.pending.set(callId, {
        resolve: (answer) => {
          clearTimeout(timer);
          resolve(answer);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      this.worker.postMessage({ ...request, callId });
    });
  }

  private settle(message: ThreadReply): void {
    const pending = this.pending.get(message.callId);
    if (pending === undefined) return; // it answered after its time
    this.pending.delete(message.callId);
    if (message.ok) {
      pending.resolve(message);
      return;
    }
    const { code, detail, systemCode } = message.error;
    pending.reject(systemCode === undefined ? new AppError(code, detail === undefined ? {} : { detail }) : new ThreadSystemError(systemCode, detail));
  }

  private failAll(): void {
    this.isEnded = true;
    for (const { reject } of this.pending.values()) reject(threadEnded());
    this.pending.clear();
  }
}

function threadEnded(): AppError {
  return new AppError('platform.internal', { detail: 'the data thread ended' });
}
