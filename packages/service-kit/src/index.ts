export { type Clock, systemClock } from './clock.js';
export { Deadline } from './deadline.js';
export { EnvError, envVar, parseEnv } from './env.js';
export { closeOnSignal, Lifecycle } from './lifecycle.js';
export { createLogger, type Logger, type LoggerOptions } from './logger.js';
export { writePrivateFile } from './private-file.js';
export { connectRedis, type RedisOptions } from './redis.js';
export { Secret } from './secret.js';
export { readOrCreateSecretFile } from './secret-file.js';
