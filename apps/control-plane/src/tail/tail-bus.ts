import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type TailChannels, tailChannels } from '@torii/config-sync';
import { type TailAsk, TailBatch } from '@torii/contracts';
import { connectRedis, type Logger } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import type { Env } from '../env.js';
import { BUS_REDIS, ENV, LOGGER } from '../platform/tokens.js';

/** Who follows, and hears of it. */
export interface TailListener {
  onBatch(batch: TailBatch): void;
  /** Nodes are heard from now on. */
  onUp(): void;
  /** Nodes cannot be heard until `onUp`. */
  onDown(): void;
}

const commandTimeoutMs = 5_000;

/** The channels between control plane and nodes. The connection that listens is open only while somebody follows. */
@Injectable()
export class TailBus implements OnApplicationShutdown {
  private readonly channels: TailChannels;
  /** By channel. */
  private readonly listeners = new Map<string, TailListener>();
  private connection: Redis | undefined;

  constructor(
    @Inject(BUS_REDIS) private readonly redis: Redis,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.channels = tailChannels(env.redisPrefix);
  }

  onApplicationShutdown(): void {
    this.disconnect();
  }

  /** Tells all nodes; answers how many have heard it, and rejects when Redis cannot be asked. */
  announce(ask: TailAsk): Promise<number> {
    return this.redis.publish(this.channels.asks, JSON.stringify(ask));
  }

  /** Listens for a follower, until the function it answers is called. */
  listen(follower: string, listener: TailListener): () => void {
    const channel = this.channels.batches(follower);
    this.listeners.set(channel, listener);
    if (this.connection?.status === 'ready') this.subscribe(this.connection, channel, listener);
    this.connection ??= this.connect();
    return () => {
      this.listeners.delete(channel);
      if (this.listeners.size === 0) this.disconnect();
      else this.connection?.unsubscribe(channel).catch(() => undefined); // what still comes has no listener
    };
  }

  private connect(): Redis {
    const connection = connectRedis(this.env.busRedisUrl, { name: 'control-plane-tail', log: this.log, commandTimeoutMs });
    connection.on('ready', () => {
      for (const [channel, listener] of this.listeners) this.subscribe(connection, channel, listener);
    });
    connection.on('close', () => {
      for (const listener of this.listeners.values()) listener.onDown();
    });
    connection.on('message', (channel: string, text: string) => this.receive(channel, text));
    return connection;
  }

  private subscribe(connection: Redis, channel: string, listener: TailListener): void {
    connection.subscribe(channel).then(
      () => {
        if (this.listeners.get(channel) === listener) listener.onUp();
      },
      () => undefined, // a lost connection comes back as another `ready`
    );
  }

  private receive(channel: string, text: string): void {
    const listener = this.listeners.get(channel);
    if (listener === undefined) return;
    const batch = readBatch(text);
    if (batch !== undefined) listener.onBatch(batch);
    else this.log.warn({ bytes: text.length }, 'what a node told a follower cannot be read');
  }

  private disconnect(): void {
    const { connection } = this;
    this.connection = undefined;
    connection?.disconnect();
  }
}

function readBatch(text: string): TailBatch | undefined {
  try {
    return TailBatch.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
