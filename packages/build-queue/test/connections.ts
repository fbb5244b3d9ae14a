import { connectRedis, createLogger } from '@torii/service-kit';
import { eventually } from '@torii/test-kit';
import type { Redis } from 'ioredis';

export interface Connections {
  readonly redis: Redis;
  readonly subscriber: Redis;
  close(): void;
}

/** A connection for commands and one to subscribe with, as our apps open them. */
export async function connect(url: string): Promise<Connections> {
  const log = createLogger({ level: 'silent', app: 'test' });
  const redis = connectRedis(url, { name: 'test', log, commandTimeoutMs: 20_000 });
  const subscriber = connectRedis(url, { name: 'test-subscriber', log, commandTimeoutMs: 20_000 });
  await eventually(() => redis.status === 'ready' && subscriber.status === 'ready');
  return {
    redis,
    subscriber,
    close() {
      redis.disconnect();
      subscriber.disconnect();
    },
  };
}
