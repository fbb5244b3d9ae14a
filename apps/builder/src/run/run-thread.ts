import { Worker } from 'node:worker_threads';
import { AppError } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { CallReport, EgressSettings, FunctionCall, ThreadReply, ThreadRequest, ThreadSettings } from './run-messages.js';

export interface RunThreadOptions {
  readonly log: Logger;
  readonly egress: EgressSettings;
  readonly guestMemoryMaxBytes: number;
  /** A thread whose event loop stands still for longer while it has something to do is ended (ms). */
  readonly silenceMs: number;
  /** What the thread's heap may grow to; guests' memory is not in it. */
  readonly heapMaxMb: number;
}

interface Pending {
  readonly resolve: (report: CallReport) => void;
  readonly reject: (error: AppError) => void;
}

/** What a thread on a busy machine gets beyond the times that bound a call, before the call counts as lost. */
const answerGraceMs = 10_000;
/** The event loop is looked at so often before the thread counts as silent; a pause of this thread counts as one look. */
const looksPerSilence = 10;

// A thread is always the built file, also when tests run the sources.
const entry = new URL(import.meta.url.includes('/builder/src/') ? '../../dist/run/run.worker.js' : './run.worker.js', import.meta.url);

/**
 * One thread in which functions run, apart from all else of the builder. It is started when it is first needed, and again
 * after it died or was ended because it stood still; whatever runs in it then fails with `platform.internal`.
 */
export class RunThread {
  private readonly options: RunThreadOptions;
  private readonly pulse = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  private readonly pending = new Map<number, Pending>();
  private worker: Worker | undefined;
  /** The thread's pulse when it was started. */
  private beatsBefore = 0;
  private watch: NodeJS.Timeout | undefined;
  private lastId = 0;
  private isClosed = false;

  constructor(options: RunThreadOptions) {
    this.options = options;
  }

  /**
   * Answers what became of the call. Throws `client.gone` as soon as `signal` is aborted, `capacity.*` when there is no
   * memory for it, `platform.internal` for a fault of ours.
   */
  call(call: FunctionCall, signal: AbortSignal): Promise<CallReport> {
    if (this.isClosed) return Promise.reject(new AppError('capacity.shutting_down'));
    if (signal.aborted) return Promise.reject(new AppError('client.gone'));
    this.lastId += 1;
    const id = this.lastId;
    const worker = this.ready();
    return new Promise<CallReport>((resolve, reject) => {
      const giveUp = (reason: AppError): void => {
        send(worker, { kind: 'abort', id });
        this.settle(id)?.reject(reason);
      };
      const onAbort = (): void => giveUp(new AppError('client.gone'));
      const timer = setTimeout(() => giveUp(failed('a function that was run did not end in time')), longestMs(call));
      const leave = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      this.pending.set(id, {
        resolve: (report) => {
          leave();
          resolve(report);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      });
      signal.addEventListener('abort', onAbort, { once: true });
      send(worker, { kind: 'call', id, call });
    });
  }

  /** Ends the thread, and whatever runs in it. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.end(new AppError('capacity.shutting_down'));
  }

  private ready(): Worker {
    this.worker ??= this.start();
    // It keeps the process alive only while there is something to do.
    this.worker.ref();
    this.watch ??= this.watchPulse();
    return this.worker;
  }

  private start(): Worker {
    const { egress, guestMemoryMaxBytes, heapMaxMb, log } = this.options;
    const settings: ThreadSettings = { egress, guestMemoryMaxBytes, pulse: this.pulse.buffer as SharedArrayBuffer };
    this.beatsBefore = Atomics.load(this.pulse, 0);
    const worker = new Worker(entry, { workerData: settings, resourceLimits: { maxOldGenerationSizeMb: heapMaxMb } });
    worker.on('message', (reply: ThreadReply) => {
      if (worker === this.worker) this.take(reply);
    });
    worker.once('error', (error) => {
      if (worker !== this.worker) return; // it was ended already
      log.error({ err: error }, 'running thread failed');
      void this.end(failed('the thread that runs functions failed', error));
    });
    worker.once('exit', () => {
      if (worker === this.worker) void this.end(failed('the thread that runs functions ended'));
    });
    return worker;
  }

  private take(reply: ThreadReply): void {
    const pending = this.settle(reply.id);
    if ('report' in reply) pending?.resolve(reply.report);
    else pending?.reject(new AppError(reply.failure.code, { detail: reply.failure.detail }));
  }

  /** Undefined when the call was settled before. */
  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    if (this.pending.size === 0) this.rest();
    return pending;
  }

  private rest(): void {
    clearInterval(this.watch);
    this.watch = undefined;
    this.worker?.unref();
  }

  private watchPulse(): NodeJS.Timeout {
    const { silenceMs, log } = this.options;
    let beats = Atomics.load(this.pulse, 0);
    let looks = 0;
    return setInterval(() => {
      const now = Atomics.load(this.pulse, 0);
      // Until its first beat it loads its modules.
      looks = now === beats && now !== this.beatsBefore ? looks + 1 : 0;
      beats = now;
      if (looks < looksPerSilence) return;
      log.error({ silenceMs }, 'running thread stands still and is ended');
      void this.end(failed('the thread that runs functions stood still'));
    }, silenceMs / looksPerSilence);
  }

  private async end(reason: AppError): Promise<void> {
    const { worker } = this;
    this.worker = undefined;
    const pending = [...this.pending.values()];
    this.pending.clear();
    this.rest();
    for (const { reject } of pending) reject(reason);
    await worker?.terminate();
  }
}

function longestMs({ startTimeoutMs, callTimeoutMs, settings }: FunctionCall): number {
  return startTimeoutMs + Math.min(callTimeoutMs, settings.limits.wallMs) + answerGraceMs;
}

function failed(detail: string, cause?: unknown): AppError {
  return new AppError('platform.internal', { detail, cause });
}

function send(worker: Worker, request: ThreadRequest): void {
  worker.postMessage(request);
}
