import { envVar, parseEnv, type Secret } from '@torii/service-kit';
import { z } from 'zod';

/** Longer than any upload or build takes: what is just coming in is not taken for unused. */
const unusedKeptMinMs = 3_600_000;

/** Every variable the control plane reads. */
const Variables = z.object({
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
  TORII_TAIL_STREAMS: envVar.positiveInt().max(128).default(32).meta({ description: 'Followers of live requests at once' }),
  TORII_TAIL_STREAM_MAX_MS: envVar.durationMs().default(3_600_000).meta({ description: 'Time after which a follower is to ask again (ms)' }),
  TORII_RUNS_MAX: envVar.positiveInt().default(16).meta({ description: 'Runs of functions under way at once' }),
  TORII_OBJECT_STORE: z.enum(['postgres', 's3']).optional().meta({ description: 'Where artifacts and sources go; s3 when there is a bucket' }),
  TORII_S3_BUCKET: z.string().optional().meta({ description: 'Bucket of artifacts and sources' }),
  TORII_S3_ENDPOINT: envVar.url('http', 'https').optional().meta({ description: 'Of a store other than that of AWS' }),
  TORII_S3_REGION: z.string().optional().meta({ description: 'Region of the bucket; us-east-1 with an endpoint, else what AWS is told' }),
  TORII_S3_PREFIX: z
    .string()
    .regex(/^([A-Za-z0-9_.-]+\/)+$/, 'must end with a slash, and be made of letters, digits, _, ., - and slashes')
    .default('torii/')
    .meta({ description: 'First part of every key in the bucket' }),
  TORII_S3_ACCESS_KEY_ID: z.string().optional().meta({ description: 'Key; without it, what AWS has for that' }),
  TORII_S3_SECRET_ACCESS_KEY: envVar.secret().optional().meta({ description: 'Belongs to the key' }),
  TORII_S3_FORCE_PATH_STYLE: envVar.flag().default(false).meta({ description: 'The bucket in the path instead of the host name' }),
  TORII_UNUSED_KEPT_MS: z.coerce
    .number()
    .int()
    .min(unusedKeptMinMs)
    .default(7 * 24 * 3_600_000)
    .meta({ description: 'Time artifacts that nothing refers to are kept' }),
  TORII_UPKEEP_INTERVAL_MS: envVar.durationMs().default(600_000).meta({ description: 'How often to look for what can be deleted or moved' }),
  TORII_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** And what of them belongs together. */
const EnvSchema = Variables.refine((env) => env.TORII_OBJECT_STORE !== 's3' || env.TORII_S3_BUCKET !== undefined, {
  path: ['TORII_S3_BUCKET'],
  error: 'is needed where TORII_OBJECT_STORE is s3',
}).refine((env) => (env.TORII_S3_ACCESS_KEY_ID === undefined) === (env.TORII_S3_SECRET_ACCESS_KEY === undefined), {
  path: ['TORII_S3_SECRET_ACCESS_KEY'],
  error: 'and TORII_S3_ACCESS_KEY_ID belong together: set both or none',
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
  readonly tail: TailBounds;
  readonly objects: ObjectSettings;
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

/** What following live requests may take. */
interface TailBounds {
  readonly streamsMax: number;
  readonly streamMaxMs: number;
}

/** Where artifacts and sources are, and how long those that nothing needs stay. */
export interface ObjectSettings {
  readonly preferred: 'postgres' | 's3';
  /** Also where it is not preferred: for what is there still. */
  readonly s3: S3Settings | undefined;
  readonly unusedKeptMs: number;
  readonly upkeepIntervalMs: number;
}

export interface S3Settings {
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
  /** First part of every key; ends with a slash. */
  readonly prefix: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: Secret } | undefined;
  readonly forcePathStyle: boolean;
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
    tail: { streamsMax: env.TORII_TAIL_STREAMS, streamMaxMs: env.TORII_TAIL_STREAM_MAX_MS },
    objects: {
      preferred: env.TORII_OBJECT_STORE ?? (env.TORII_S3_BUCKET === undefined ? 'postgres' : 's3'),
      s3: s3Settings(env),
      unusedKeptMs: env.TORII_UNUSED_KEPT_MS,
      upkeepIntervalMs: env.TORII_UPKEEP_INTERVAL_MS,
    },
    logLevel: env.TORII_LOG_LEVEL,
  };
}

function s3Settings(env: z.infer<typeof EnvSchema>): S3Settings | undefined {
  const { TORII_S3_BUCKET: bucket, TORII_S3_ENDPOINT: endpoint, TORII_S3_ACCESS_KEY_ID: accessKeyId } = env;
  const secretAccessKey = env.TORII_S3_SECRET_ACCESS_KEY;
  if (bucket === undefined) return undefined;
  return {
    bucket,
    endpoint,
    // Stores other than that of AWS have one region, under a name that is seldom told.
    region: env.TORII_S3_REGION ?? (endpoint === undefined ? undefined : 'us-east-1'),
    prefix: env.TORII_S3_PREFIX,
    credentials: accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey },
    forcePathStyle: env.TORII_S3_FORCE_PATH_STYLE,
  };
}
