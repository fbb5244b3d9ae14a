import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { BuildCancellation, BuildEvents, BuilderRegistry, type BuildKeys, BuildLogReader, BuildQueues, buildKeys } from '@torii/build-queue';
import type { Redis } from 'ioredis';
import type { Env } from '../env.js';
import { BUILD_KEYS, ENV, QUEUE_REDIS, QUEUE_SUBSCRIBER } from '../platform/tokens.js';

const parts = [BuildQueues, BuildEvents, BuildLogReader, BuildCancellation, BuilderRegistry];

/** What the control plane shares with builders through Redis. */
@Global()
@Module({
  providers: [
    { provide: BUILD_KEYS, useFactory: (env: Env) => buildKeys(env.redisPrefix), inject: [ENV] },
    {
      provide: BuildQueues,
      useFactory: (connection: Redis, keys: BuildKeys) => new BuildQueues({ connection, keys }),
      inject: [QUEUE_REDIS, BUILD_KEYS],
    },
    {
      provide: BuildEvents,
      useFactory: (connection: Redis, keys: BuildKeys) => new BuildEvents({ connection, keys }),
      inject: [QUEUE_REDIS, BUILD_KEYS],
    },
    {
      provide: BuildLogReader,
      useFactory: (redis: Redis, subscriber: Redis, keys: BuildKeys) => new BuildLogReader({ redis, subscriber, keys }),
      inject: [QUEUE_REDIS, QUEUE_SUBSCRIBER, BUILD_KEYS],
    },
    {
      provide: BuildCancellation,
      useFactory: (redis: Redis, keys: BuildKeys) => new BuildCancellation({ redis, keys }),
      inject: [QUEUE_REDIS, BUILD_KEYS],
    },
    {
      provide: BuilderRegistry,
      useFactory: (redis: Redis, keys: BuildKeys) => new BuilderRegistry(redis, keys),
      inject: [QUEUE_REDIS, BUILD_KEYS],
    },
  ],
  exports: [...parts, BUILD_KEYS],
})
export class QueueModule implements OnApplicationShutdown {
  constructor(
    @Inject(BuildQueues) private readonly queues: BuildQueues,
    @Inject(BuildEvents) private readonly events: BuildEvents,
    @Inject(BuildLogReader) private readonly logs: BuildLogReader,
  ) {}

  /** After the last request is served; the connections are closed by whoever opened them. */
  async onApplicationShutdown(): Promise<void> {
    this.logs.close();
    await this.events.close();
    await this.queues.close();
  }
}
