import { Worker } from 'node:worker_threads';
import { AppError } from '@torii/contracts';
import { memoryMaxPagesOf } from './rewrite-for-guests.js';

export interface RewriteJob {
  readonly bytes: Uint8Array;
  readonly memoryMaxPages: number;
}

export type RewriteAnswer = { readonly ok: true; readonly rewritten: Uint8Array } | { readonly ok: false; readonly detail: string };

export interface RewriteThreadOptions {
  /** What one module may take; the thread that takes longer is ended. */
  readonly timeoutMs: number;
  /** The thread ends when it had nothing to do for this long, and is started again when it is needed. */
  readonly idleMs?: number;
  /** What the thread's heap may grow to, the module's bytes aside. */
  readonly heapMaxMb?: number;
}

interface Waiting {
  readonly job: RewriteJob;
  readonly resolve: (rewritten: Uint8Array) => void;
  readonly reject: (error: AppError) => void;
}

const defaultIdleMs = 30_000;
const defaultHeapMaxMb = 512;

// A thread is always the built file, also when tests run the sources.
const entry = new URL(import.meta.url.includes('/wasm-runtime/src/') ? '../dist/rewrite.worker.js' : './rewrite.worker.js', import.meta.url);

/**
 * Rewrites modules in a thread of its own, one at a time and in the order they came, so that a module that takes long, or
 * was made to, costs the node's main thread nothing. The callers bound how many wait.
 */
export class RewriteThread {
  private readonly waiting: Waiting[] = [];
  private current: Waiting | undefined;
  private worker: Worker | undefined;
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(private readonly options: RewriteThreadOptions) {}

  /** Throws `config.compile_failed` that says what is wrong with the module, or that it took too long or too much memory. */
  rewrite(bytes: Uint8Array, limits: { readonly memoryMaxBytes: number }): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.isClosed) {
        reject(closed());
        return;
      }
      this.waiting.push({ job: { bytes, memoryMaxPages: memoryMaxPagesOf(limits.memoryMaxBytes) }, resolve, reject });
      this.next();
    });
  }

  /** Ends the thread; what is not done yet is rejected. */
  async close(): Promise<void> {
    this.isClosed = true;
    for (const { reject } of this.waiting.splice(0)) reject(closed());
    this.fail(closed());
    await this.end();
  }

  private next(): void {
    if (this.current !== undefined) return;
    this.current = this.waiting.shift();
    clearTimeout(this.timer);
    if (this.current === undefined) {
      this.timer = setTimeout(() => void this.end(), this.options.idleMs ?? defaultIdleMs);
      this.timer.unref();
      this.worker?.unref();
      return;
    }
    this.worker ??= this.start();
    this.worker.ref();
    const { timeoutMs } = this.options;
    this.timer = setTimeout(() => this.giveUp(failed(`preparing the module took longer than ${timeoutMs} ms`)), timeoutMs);
    this.worker.postMessage(this.current.job);
  }

  private start(): Worker {
    const worker = new Worker(entry, { resourceLimits: { maxOldGenerationSizeMb: this.options.heapMaxMb ?? defaultHeapMaxMb } });
    worker.on('message', (answer: RewriteAnswer) => {
      if (worker === this.worker) this.settle(answer);
    });
    worker.once('error', (error: Error & { code?: string }) => {
      if (worker !== this.worker) return; // it was given up already
      const isTooLarge = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      this.giveUp(isTooLarge ? failed('preparing the module takes too much memory') : new AppError('platform.internal', { cause: error }));
    });
    worker.once('exit', () => {
      if (worker === this.worker) this.giveUp(new AppError('platform.internal', { detail: 'the thread that prepares modules ended' }));
    });
    return worker;
  }

  private settle(answer: RewriteAnswer): void {
    const done = this.current;
    this.current = undefined;
    if (answer.ok) done?.resolve(answer.rewritten);
    else done?.reject(failed(answer.detail));
    this.next();
  }

  /** The thread is of no more use; the module after this one gets another. */
  private giveUp(error: AppError): void {
    void this.end();
    this.fail(error);
    this.next();
  }

  private fail(error: AppError): void {
    this.current?.reject(error);
    this.current = undefined;
  }

  private async end(): Promise<void> {
    clearTimeout(this.timer);
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }
}

function failed(detail: string): AppError {
  return new AppError('config.compile_failed', { detail });
}

function closed(): AppError {
  return new AppError('capacity.shutting_down');
}
