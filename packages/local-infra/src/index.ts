export { UnavailableError } from './postgres/binaries.js';
export { canQuery, createDatabase, dropDatabase, urlOfDatabase } from './postgres/database.js';
export { type LocalPostgres, type PostgresOptions, startPostgres } from './postgres/start-postgres.js';
export { freePort } from './process/free-port.js';
export { guardProcess } from './process/guard.js';
export type { ServerEvent } from './process/server-process.js';
export { type LocalRedis, type RedisKind, type RedisOptions, startRedis } from './redis/start-redis.js';
