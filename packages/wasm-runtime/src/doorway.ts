import { afterMicrotasks } from '@torii/service-kit';

/**
 * Lets calls of one function that come in one turn of the event loop begin one after the other, each when the one before it has ended or
 * waits for something else than the processor. A guest that answers at once then serves them all, and no other instance is taken, or made,
 * for those behind it.
 *
 * Nobody stands here for longer than the turn: whoever has neither ended nor begun to wait holds the thread.
 */
export class Doorway {
  private readonly behind: ((ticket: number) => void)[] = [];
  /** The ticket of the one in the doorway, or of the last. */
  private newest = 0;
  private isTaken = false;
  private isWatched = false;

  /** A ticket for the caller, when it is its turn to begin. */
  enter(): number | Promise<number> {
    return this.isTaken ? new Promise((resolve) => this.behind.push(resolve)) : this.take();
  }

  /** To be called by each that has entered, when it has ended. */
  leave(ticket: number): void {
    if (this.isTaken && ticket === this.newest) this.letNext();
  }

  private take(): number {
    this.isTaken = true;
    this.newest += 1;
    if (!this.isWatched) this.watch();
    return this.newest;
  }

  /** Where no microtask is left, the one in the doorway has not ended and waits. */
  private watch(): void {
    this.isWatched = true;
    afterMicrotasks(() => {
      this.isWatched = false;
      if (this.isTaken) this.letNext();
    });
  }

  private letNext(): void {
    this.isTaken = false;
    const next = this.behind.shift();
    if (next !== undefined) next(this.take());
  }
}
