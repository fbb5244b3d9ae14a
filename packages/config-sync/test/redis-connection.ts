import { connectRedis, createLogger } from '@torii/service-kit';
import type { Redis } from 'ioredis';

export const silent = createLogger({ level: 'silent', app: 'test' });

/** A connection that is ready; the caller closes it by `disconnect()`. */
export async function openRedis(url: string): Promise<Redis> {
  const redis = connectRedis(url, { name: 'test', log: silent, commandTimeoutMs: 20_000 });
  if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));
  return redis;
}
