import type { Redis } from 'ioredis';

/** Something to do on a connection, one command or script. */
export type RedisCommand<T> = (redis: Redis) => Promise<T>;
