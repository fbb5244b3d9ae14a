import type { TailChannels } from '@torii/config-sync';
import { TailAsk, type TailFilter, tailLimits } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import type { Following, ThreadTailBatch } from './thread-tail.js';

export interface TailAgentOptions {
  /** Answers commands. */
  readonly redis: Redis;
  /** Subscribed, so it answers nothing else. Both are closed by whoever opened them. */
  readonly subscriber: Redis;
  readonly channels: TailChannels;
  /** Tells the data threads who follows from now on. */
  readonly tell: (followings: readonly Following[]) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Follower {
  readonly filter: TailFilter;
  expiresAtMs: number;
  /** Requests it was not told of since the last batch that reached Redis. */
  dropped: number;
}

const expiryIntervalMs = 1_000;
/** Batches on their way to Redis; further ones are counted as dropped. */
const publishesMax = 64;

/**
 * The node's part of the live tail: listens for who follows what, forgets followers that are not announced again in
 * time, and sends them what the data threads have picked. Nothing waits for it and nothing is kept for it: what cannot
 * be sent at once is dropped, and counted.
 */
export class TailAgent {
  private readonly followers = new Map<string, Follower>();
  private readonly options: TailAgentOptions;
  private timer: NodeJS.Timeout | undefined;
  private publishes = 0;
  private hasWarned = false;

  constructor(options: TailAgentOptions) {
    this.options = options;
  }

  start(): void {
    const { subscriber } = this.options;
    subscriber.on('ready', this.subscribe);
    subscriber.on('message', this.onMessage);
    if (subscriber.status === 'ready') this.subscribe();
  }

  close(): void {
    const { subscriber } = this.options;
    subscriber.off('ready', this.subscribe);
    subscriber.off('message', this.onMessage);
    this.followers.clear();
    this.stopTimer();
  }

  /** Sends on what a data thread has. */
  deliver(batches: readonly ThreadTailBatch[]): void {
    for (const batch of batches) {
      const follower = this.followers.get(batch.follower);
      if (follower !== undefined) void this.publish(batch, follower);
    }
  }

  private async publish({ follower: id, records, dropped }: ThreadTailBatch, follower: Follower): Promise<void> {
    const { redis, channels } = this.options;
    const owed = follower.dropped + dropped;
    if (this.publishes >= publishesMax) {
      follower.dropped = owed + records.length;
      return;
    }
    follower.dropped = 0;
    this.publishes += 1;
    try {
      const receivers = await redis.publish(channels.batches(id), JSON.stringify({ records, dropped: owed }));
      if (receivers === 0) this.forget(id); // it has gone without a word; if not, it is announced again
    } catch {
      follower.dropped += owed + records.length; // Redis is away: said in the first batch when it is back
    } finally {
      this.publishes -= 1;
    }
  }

  private readonly subscribe = (): void => {
    // A lost connection comes back as another `ready`.
    this.options.subscriber.subscribe(this.options.channels.asks).catch(() => undefined);
  };

  private readonly onMessage = (channel: string, text: string): void => {
    if (channel !== this.options.channels.asks) return;
    const ask = readAsk(text);
    if (ask === undefined) this.warnOnce('an announcement of a follower cannot be read: is the control plane of a later version?');
    else if (ask.ttlMs === 0) this.forget(ask.follower);
    else this.remember(ask);
  };

  private remember({ follower: id, filter, ttlMs }: TailAsk): void {
    const expiresAtMs = this.options.clock.nowMs() + ttlMs;
    const known = this.followers.get(id);
    if (known !== undefined) {
      known.expiresAtMs = expiresAtMs;
      return;
    }
    if (this.followers.size >= tailLimits.followersMaxPerNode) {
      this.warnOnce('too many follow the requests of this node: further ones are told nothing');
      return;
    }
    this.followers.set(id, { filter, expiresAtMs, dropped: 0 });
    this.timer ??= setInterval(() => this.expire(), expiryIntervalMs).unref();
    this.tellThreads();
  }

  private forget(id: string): void {
    if (!this.followers.delete(id)) return;
    if (this.followers.size === 0) this.stopTimer();
    this.tellThreads();
  }

  private expire(): void {
    const nowMs = this.options.clock.nowMs();
    for (const [id, { expiresAtMs }] of this.followers) if (expiresAtMs <= nowMs) this.forget(id);
  }

  private tellThreads(): void {
    this.options.tell([...this.followers].map(([follower, { filter }]) => ({ follower, filter })));
  }

  private stopTimer(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private warnOnce(reason: string): void {
    if (!this.hasWarned) this.options.log.warn({ reason }, 'follower refused');
    this.hasWarned = true;
  }
}

function readAsk(text: string): TailAsk | undefined {
  try {
    return TailAsk.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
