import { AppError } from '@torii/contracts';
import type { Redis } from 'ioredis';
import type { RedisCommand } from './redis-command.js';

const maxWaiting = 1_000;

interface Waiting {
  readonly send: () => Promise<unknown>;
  readonly resolve: (outcome: { answer: unknown; isDurable: boolean }) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes that wait for a replica, on a connection of their own. `WAIT` covers all writes of its connection and blocks it,
 * so whatever comes while one waits is sent together afterwards, with one `WAIT` for all of it.
 */
export class DurableWrites {
  private waiting: Waiting[] = [];
  private isBusy = false;

  constructor(
    private readonly redis: Redis,
    private readonly waitMs: number,
  ) {}

  /** Rejects with `capacity.overloaded` when too many writes wait, and as the command does. */
  run<T>(command: RedisCommand<T>): Promise<{ readonly answer: T; readonly isDurable: boolean }> {
    if (this.waiting.length >= maxWaiting) {
      return Promise.reject(new AppError('capacity.overloaded', { detail: 'too many durable writes wait for a replica' }));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ send: () => command(this.redis), resolve: resolve as Waiting['resolve'], reject });
      if (!this.isBusy) void this.sendAll();
    });
  }

  private async sendAll(): Promise<void> {
    this.isBusy = true;
    while (this.waiting.length > 0) {
      const batch = this.waiting;
      this.waiting = [];
      // All answers come first: a script that Redis did not know is sent once more, and would come behind the `WAIT`.
      const settled = await Promise.allSettled(batch.map(async ({ send }) => send()));
      const replicas = settled.some(({ status }) => status === 'fulfilled') ? await this.redis.wait(1, this.waitMs).catch(() => 0) : 0;
      batch.forEach(({ resolve, reject }, index) => {
        const outcome = settled[index];
        if (outcome?.status === 'fulfilled') resolve({ answer: outcome.value, isDurable: replicas > 0 });
        else reject(outcome?.reason);
      });
    }
    this.isBusy = false;
  }
}
