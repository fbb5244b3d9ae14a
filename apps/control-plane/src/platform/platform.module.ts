import { type DynamicModule, Global, Module } from '@nestjs/common';
import { configKeys, NodeRegistry, SnapshotPublisher } from '@torii/config-sync';
import type { Clock, Logger, Secret } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import type { Env } from '../env.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { BUS_REDIS, BUS_SUBSCRIBER, CLOCK, CONFIG_KEYS, ENV, LOGGER, NODE_TOKEN, QUEUE_REDIS, QUEUE_SUBSCRIBER } from './tokens.js';

/** Opened, and later closed, by `app.ts`. */
export interface Platform {
  readonly env: Env;
  readonly log: Logger;
  readonly clock: Clock;
  /** Answers commands. */
  readonly busRedis: Redis;
  /** Subscribed, so it answers nothing else. */
  readonly busSubscriber: Redis;
  /** Answers commands: the queue of builds, and all that is about builders. */
  readonly queueRedis: Redis;
  /** Subscribed, so it answers nothing else. */
  readonly queueSubscriber: Redis;
  /** What nodes and builders show to us, and we to them. */
  readonly nodeToken: Secret;
}

@Global()
@Module({})
class PlatformModule {}

/** Makes what every feature needs injectable everywhere. */
export function platformModule(platform: Platform): DynamicModule {
  const keys = configKeys(platform.env.redisPrefix);
  const providers = [
    { provide: ENV, useValue: platform.env },
    { provide: LOGGER, useValue: platform.log },
    { provide: CLOCK, useValue: platform.clock },
    { provide: BUS_REDIS, useValue: platform.busRedis },
    { provide: BUS_SUBSCRIBER, useValue: platform.busSubscriber },
    { provide: QUEUE_REDIS, useValue: platform.queueRedis },
    { provide: QUEUE_SUBSCRIBER, useValue: platform.queueSubscriber },
    { provide: NODE_TOKEN, useValue: platform.nodeToken },
    { provide: CONFIG_KEYS, useValue: keys },
    { provide: NodeRegistry, useValue: new NodeRegistry(platform.busRedis, keys) },
    { provide: SnapshotPublisher, useValue: new SnapshotPublisher(platform.busRedis, keys) },
    PrismaService,
  ];
  return { module: PlatformModule, providers, exports: providers };
}
