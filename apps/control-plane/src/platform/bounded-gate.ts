import { AppError } from '@torii/contracts';

interface Waiter {
  readonly enter: () => void;
  readonly timer: NodeJS.Timeout;
}

export interface BoundedGateOptions {
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly waitTimeoutMs: number;
}

/**
 * Lets so many run at a time, and so many wait, each for so long. Throws `capacity.overloaded` to those for whom there
 * is no room, and to those whose wait is over.
 */
export class BoundedGate {
  private running = 0;
  private readonly waiting: Waiter[] = [];

  constructor(private readonly options: BoundedGateOptions) {}

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(): Promise<void> {
    if (this.running < this.options.runningMax) {
      this.running += 1;
      return Promise.resolve();
    }
    if (this.waiting.length >= this.options.waitingMax) return Promise.reject(new AppError('capacity.overloaded'));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(new AppError('capacity.overloaded'));
      }, this.options.waitTimeoutMs);
      const waiter: Waiter = { enter: resolve, timer };
      this.waiting.push(waiter);
    });
  }

  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) {
      this.running -= 1;
      return;
    }
    clearTimeout(next.timer); // the place is handed on, so `running` stays as it is
    next.enter();
  }
}
