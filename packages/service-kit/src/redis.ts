import { Redis } from 'ioredis';
import type { Logger } from './logger.js';

export interface RedisOptions {
  /** What the connection is for, in logs and in `CLIENT LIST`. */
  readonly name: string;
  readonly log: Logger;
  /** How long one command may take, reconnecting included, before it rejects. */
  readonly commandTimeoutMs: number;
}

const connectTimeoutMs = 5_000;
const reconnectMaxMs = 1_000;

/**
 * Opens a connection that reconnects for ever and never holds a command back: while Redis is away commands reject at
 * once, so that callers decide, not a hidden queue. Connects in the background; the caller closes it by `disconnect()`.
 */
export function connectRedis(url: string, options: RedisOptions): Redis {
  const redis = new Redis(url, {
    connectionName: `torii-${options.name}`,
    connectTimeout: connectTimeoutMs,
    commandTimeout: options.commandTimeoutMs,
    // A machine that is gone closes nothing: without this the connection would be taken for good for a quarter of an hour.
    socketTimeout: 2 * options.commandTimeoutMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResubscribe: true,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), reconnectMaxMs),
  });
  let isDown = false;
  redis.on('error', (error: Error) => {
    if (!isDown) options.log.warn({ connection: options.name, err: error }, 'redis connection lost');
    isDown = true;
  });
  redis.on('ready', () => {
    if (isDown) options.log.info({ connection: options.name }, 'redis connection restored');
    isDown = false;
  });
  return redis;
}
