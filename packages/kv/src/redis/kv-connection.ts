import { AppError } from '@torii/contracts';
import { type Clock, connectRedis, type Logger, systemClock } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import { CircuitBreaker } from './circuit-breaker.js';
import { DurableWrites } from './durable-writes.js';
import type { RedisCommand } from './redis-command.js';

export interface KvConnectionOptions {
  readonly url: string;
  readonly log: Logger;
  /** How long one operation may take before it fails; several that belong together may take a multiple. */
  readonly timeoutMs: number;
  readonly clock?: Clock;
  /** Called after each operation, with whether it was carried out; must not throw. */
  readonly onOutcome?: (isDone: boolean) => void;
}

/**
 * One thread's way to Redis, shared by all its stores. Nothing waits for an answer to another; see `gather`.
 *
 * A server that does not answer costs the first few operations `timeoutMs` each, and then nothing: for a second at a time
 * operations fail at once, but for one that tries. While the connection is down all of them do.
 */
export class KvConnection {
  readonly timeoutMs: number;
  readonly clock: Clock;
  private readonly redis: Redis;
  private readonly breaker: CircuitBreaker;
  private isGathering = false;
  private durable: { readonly redis: Redis; readonly writes: DurableWrites } | undefined;

  constructor(private readonly options: KvConnectionOptions) {
    this.timeoutMs = options.timeoutMs;
    this.clock = options.clock ?? systemClock;
    this.redis = this.connect('kv');
    this.breaker = new CircuitBreaker({ clock: this.clock });
  }

  /** Rejects with `platform.redis` when the command cannot be carried out; a write may then have happened nevertheless. */
  run<T>(command: RedisCommand<T>): Promise<T> {
    const answer = this.guarded(() => command(this.redis));
    this.gather();
    return answer;
  }

  /**
   * As `run`, and tells whether a replica has what the command wrote; waits for that at most half of `timeoutMs`, and as
   * long again when another one waits already. Such writes have a connection of their own, because waiting holds up whatever comes behind on the same one: they keep their
   * order among themselves, and come after everything whose outcome is known.
   */
  runDurably<T>(command: RedisCommand<T>): Promise<{ readonly answer: T; readonly isDurable: boolean }> {
    return this.guarded(async () => (await this.openDurable()).run(command));
  }

  close(): void {
    this.redis.disconnect();
    this.durable?.redis.disconnect();
  }

  private connect(name: string): Redis {
    return connectRedis(this.options.url, { name, log: this.options.log, commandTimeoutMs: this.timeoutMs });
  }

  /**
   * Keeps what is sent after this command, until the end of this turn of the event loop, and sends it in one go: a system
   * call for each costs more than the command. The first one of a turn has gone out by now, so one alone never waits.
   */
  private gather(): void {
    if (this.isGathering || this.redis.status !== 'ready') return;
    this.isGathering = true;
    const { stream } = this.redis;
    stream.cork();
    setImmediate(() => {
      this.isGathering = false;
      stream.uncork();
    });
  }

  private async openDurable(): Promise<DurableWrites> {
    if (this.durable === undefined) {
      const redis = this.connect('kv-durable');
      this.durable = { redis, writes: new DurableWrites(redis, Math.ceil(this.timeoutMs / 2)) };
    }
    if (this.durable.redis.status !== 'ready') await whenReady(this.durable.redis, this.timeoutMs);
    return this.durable.writes;
  }

  private async guarded<T>(run: () => Promise<T>): Promise<T> {
    if (!this.breaker.tryEnter()) {
      this.options.onOutcome?.(false);
      throw new AppError('platform.redis', { detail: 'Redis did not answer lately' });
    }
    try {
      const answer = await run();
      this.breaker.succeeded();
      this.options.onOutcome?.(true);
      return answer;
    } catch (error) {
      if (isTimeout(error)) this.breaker.timedOut();
      else this.breaker.failed();
      this.options.onOutcome?.(false);
      throw error instanceof AppError ? error : new AppError('platform.redis', { cause: error });
    }
  }
}

/** The driver has no class for it. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'Command timed out';
}

async function whenReady(redis: Redis, timeoutMs: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const settle = (error?: Error): void => {
      clearTimeout(timer);
      redis.off('ready', settle);
      if (error === undefined) resolve();
      else reject(error);
    };
    const timer = setTimeout(() => settle(new Error('Command timed out')), timeoutMs).unref();
    redis.once('ready', settle);
  });
}
