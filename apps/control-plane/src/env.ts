import { envVar, parseEnv, type Secret } from '@torii/service-kit';
import { z } from 'zod';

/** Every variable the control plane reads. */
const EnvSchema = z.object({
  DATABASE_URL: envVar.url('postgres', 'postgresql').meta({ description: 'PostgreSQL; may be a pooler' }),
  DATABASE_DIRECT_URL: envVar.url('postgres', 'postgresql').optional().meta({ description: 'PostgreSQL without a pooler, for migrations' }),
  REDIS_URL: envVar.url('redis', 'rediss').meta({ description: 'Redis or Valkey' }),
  TORII_BUS_REDIS_URL: envVar.url('redis', 'rediss').optional().meta({ description: 'Redis of the configuration plane; REDIS_URL when unset' }),
  TORII_QUEUE_REDIS_URL: envVar.url('redis', 'rediss').optional().meta({ description: 'Redis of builds; REDIS_URL when unset' }),
  TORII_ADMIN_PORT: envVar.port().default(9000),
  TORII_ADMIN_HOST: z.string().default('127.0.0.1'),
  TORII_HOME: z.string().default('.torii').meta({ description: 'Folder of local state: admin-key, node-token, uploads on their way' }),
  TORII_NODE_TOKEN: envVar.secret(16).optional().meta({ description: 'What nodes authenticate with; else TORII_HOME/node-token' }),
  TORII_REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .default('torii'),
  TORII_BUILDS_QUEUED_MAX: envVar.positiveInt().default(10_000).meta({ description: 'Builds that may wait or run at once' }),
  TORII_BUILDS_QUEUED_PER_FUNCTION: envVar.positiveInt().default(100).meta({ description: 'Of these, builds of one function' }),
  TORII_BUILDS_KEPT_PER_FUNCTION: envVar.positiveInt().default(100).meta({ description: 'Finished builds to keep, beside those of versions' }),
  TORII_BUILD_CACHE_ENTRIES: envVar.positiveInt().default(10_000).meta({ description: 'Builds whose module is taken again for the same source' }),
  TORII_BUILD_PUBLISH_TIMEOUT_MS: envVar.positiveInt().default(120_000).meta({ description: 'Time to give a version to all plugins that follow it' }),
  TORII_BUILD_LOG_STREAMS: envVar.positiveInt().default(256).meta({ description: 'Build logs that are followed at once' }),
  TORII_RUNS_MAX: envVar.positiveInt().default(16).meta({ description: 'Runs of functions under way at once' }),
  TORII_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** The environment as the rest of the process sees it. */
export interface Env {
  readonly databaseUrl: string;
  readonly databaseDirectUrl: string;
  readonly busRedisUrl: string;
  readonly queueRedisUrl: string;
  readonly port: number;
  readonly host: string;
  readonly home: string;
  readonly nodeToken: Secret | undefined;
  readonly redisPrefix: string;
  readonly builds: BuildBounds;
  readonly logLevel: string;
}

/** What the building of functions may take. */
interface BuildBounds {
  readonly queuedMax: number;
  readonly queuedPerFunctionMax: number;
  readonly keptPerFunction: number;
  readonly cacheEntriesMax: number;
  readonly publishTimeoutMs: number;
  readonly logStreamsMax: number;
  readonly runsMax: number;
}

/** Throws one `EnvError` with every problem of the environment. */
export function readEnv(source: Record<string, string | undefined>): Env {
  const env = parseEnv(EnvSchema, source);
  return {
    databaseUrl: env.DATABASE_URL,
    databaseDirectUrl: env.DATABASE_DIRECT_URL ?? env.DATABASE_URL,
    busRedisUrl: env.TORII_BUS_REDIS_URL ?? env.REDIS_URL,
    queueRedisUrl: env.TORII_QUEUE_REDIS_URL ?? env.REDIS_URL,
    port: env.TORII_ADMIN_PORT,
    host: env.TORII_ADMIN_HOST,
    home: env.TORII_HOME,
    nodeToken: env.TORII_NODE_TOKEN,
    redisPrefix: env.TORII_REDIS_PREFIX,
    builds: {
      queuedMax: env.TORII_BUILDS_QUEUED_MAX,
      queuedPerFunctionMax: env.TORII_BUILDS_QUEUED_PER_FUNCTION,
      keptPerFunction: env.TORII_BUILDS_KEPT_PER_FUNCTION,
      cacheEntriesMax: env.TORII_BUILD_CACHE_ENTRIES,
      publishTimeoutMs: env.TORII_BUILD_PUBLISH_TIMEOUT_MS,
      logStreamsMax: env.TORII_BUILD_LOG_STREAMS,
      runsMax: env.TORII_RUNS_MAX,
    },
    logLevel: env.TORII_LOG_LEVEL,
  };
}
