import { AppError } from '@torii/contracts';

export interface SlotsOptions {
  /** At once. */
  readonly runningMax: number;
  readonly waitingMax: number;
  readonly waitMs: number;
}

interface Waiting {
  readonly begin: () => void;
}

/** Lets so many tasks run at once, and so many others wait their turn for a while. */
export class Slots {
  private running = 0;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly options: SlotsOptions) {}

  /** Throws `capacity.overloaded` when too many wait or the turn does not come in time, `client.gone` when `signal` is aborted. */
  async run<Result>(task: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    await this.enter(signal);
    try {
      return await task();
    } finally {
      this.running -= 1;
      this.waiting.shift()?.begin();
    }
  }

  private async enter(signal: AbortSignal | undefined): Promise<void> {
    const { runningMax, waitingMax, waitMs } = this.options;
    if (signal?.aborted === true) throw new AppError('client.gone');
    if (this.running < runningMax) {
      this.running += 1;
      return;
    }
    if (this.waiting.length >= waitingMax) throw overloaded('too many functions wait to be run on this builder');
    await new Promise<void>((resolve, reject) => {
      const leave = (error: AppError): void => {
        this.waiting.splice(this.waiting.indexOf(place), 1);
        end();
        reject(error);
      };
      const timer = setTimeout(() => leave(overloaded(`this builder had no room to run the function within ${waitMs} ms`)), waitMs);
      const onAbort = (): void => leave(new AppError('client.gone'));
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      const place = {
        begin: () => {
          end();
          this.running += 1;
          resolve();
        },
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(place);
    });
  }
}

function overloaded(detail: string): AppError {
  return new AppError('capacity.overloaded', { detail });
}
