/**
 * Lets guests that compute for long take turns: one of them goes on per turn of the event loop, so that whatever the
 * loop has for others, sockets above all, comes in between.
 *
 * Bounded by the number of instances: each waits at most once.
 */
export class TurnQueue {
  private readonly waiting: (() => void)[] = [];
  private isScheduled = false;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.schedule();
    });
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      this.waiting.shift()?.();
      if (this.waiting.length > 0) this.schedule();
    });
  }
}

/** The turns of this thread: there is one event loop, so there is one queue. */
export const threadTurns = new TurnQueue();
