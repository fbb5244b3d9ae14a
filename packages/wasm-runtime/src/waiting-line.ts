import { AppError } from '@torii/contracts';
import type { CallerSignal } from './function-spec.js';

interface Waiter<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: AppError) => void;
}

/** Requests that wait for something, first come first served, each until its own time is up or its client has gone. */
export class WaitingLine<T> {
  // A Set keeps the order of insertion and removes from the middle at once.
  private readonly waiters = new Set<Waiter<T>>();

  get length(): number {
    return this.waiters.size;
  }

  /** Rejects with `onTimeout()` after `timeoutMs`, with `client.gone` when the signal aborts. */
  wait(timeoutMs: number, signal: CallerSignal | undefined, onTimeout: () => AppError): Promise<T> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.waiters.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener('abort', onGone);
      };
      const onGone = (): void => waiter.reject(new AppError('client.gone'));
      const waiter: Waiter<T> = {
        resolve: (value) => {
          leave();
          resolve(value);
        },
        reject: (error) => {
          leave();
          reject(error);
        },
      };
      const timer = setTimeout(() => waiter.reject(onTimeout()), timeoutMs);
      this.waiters.add(waiter);
      if (signal?.aborted === true) onGone();
      else signal?.addEventListener('abort', onGone, { once: true });
    });
  }

  /** Gives the value to who has waited longest; false when nobody waits. */
  serveFirst(value: T): boolean {
    const first = this.first();
    first?.resolve(value);
    return first !== undefined;
  }

  rejectFirst(error: AppError): void {
    this.first()?.reject(error);
  }

  rejectAll(error: () => AppError): void {
    for (const waiter of [...this.waiters]) waiter.reject(error());
  }

  private first(): Waiter<T> | undefined {
    return this.waiters.values().next().value;
  }
}
