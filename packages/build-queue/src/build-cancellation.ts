import type { BuildId } from '@torii/contracts';
import type { Redis } from 'ioredis';
import type { BuildKeys } from './build-keys.js';
import { listenTo } from './channel.js';

/** How long the wish for a build to end is kept: longer than any build waits for a builder to come back. */
const retentionSeconds = 24 * 3_600;

export interface BuildCancellationOptions {
  readonly redis: Redis;
  /** Subscribed, so it answers nothing else; needed for `subscribe` only. Both are closed by whoever opened them. */
  readonly subscriber?: Redis;
  readonly keys: BuildKeys;
}

/** How builds that have begun are asked to end. The key is the truth, for whoever begins one later; the channel only rings. */
export class BuildCancellation {
  private readonly endings: (() => void)[] = [];
  private readonly options: BuildCancellationOptions;

  constructor(options: BuildCancellationOptions) {
    this.options = options;
  }

  async request(buildId: BuildId): Promise<void> {
    const { redis, keys } = this.options;
    await redis.multi().set(keys.cancellation(buildId), '1', 'EX', retentionSeconds).publish(keys.cancellations, buildId).exec();
  }

  async isRequested(buildId: BuildId): Promise<boolean> {
    const { redis, keys } = this.options;
    return (await redis.exists(keys.cancellation(buildId))) === 1;
  }

  /** Calls with the id of each build that is to end; rings are lost while Redis is away, so `isRequested` is asked then. */
  subscribe(listener: (buildId: BuildId) => void): void {
    const { subscriber, keys } = this.options;
    if (subscriber === undefined) throw new Error('a connection to subscribe with is missing');
    this.endings.push(listenTo(subscriber, keys.cancellations, { onMessage: (message) => listener(message as BuildId) }));
  }

  close(): void {
    for (const end of this.endings.splice(0)) end();
  }
}
