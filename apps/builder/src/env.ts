import { availableParallelism } from 'node:os';
import path from 'node:path';
import { artifactMaxBytes } from '@torii/contracts';
import { envVar, parseEnv } from '@torii/service-kit';
import { z } from 'zod';
import { defaultGoChecksumDatabase, defaultGoProxy } from './compilers/go.js';
import { defaultNpmRegistry } from './dependencies/npm.js';
import { areCidrs, areNameServers, EgressOverrides } from './egress-env.js';

/** Settings of a builder. docs/operations.md lists them. */
const Env = z.object({
  REDIS_URL: envVar.url('redis', 'rediss').describe('Redis or Valkey; the queue of builds defaults to it'),
  TORII_QUEUE_REDIS_URL: envVar.url('redis', 'rediss').optional().describe('Where the queue of builds is'),
  TORII_REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .default('torii')
    .describe('First part of every key and channel'),
  TORII_CONTROL_PLANE_URL: envVar.url('http', 'https').default('http://127.0.0.1:9000').describe('Where sources come from, and modules go'),
  TORII_HOME: z.string().min(1).default('.torii').describe('Folder of local state'),
  TORII_BUILDER_STATE: z
    .string()
    .min(1)
    .optional()
    .describe("This builder's own folder: caches and modules; when left out, TORII_HOME/builder, or builder-2 and so on while others have that"),
  TORII_NODE_TOKEN: envVar.secret(16).optional().describe('Shared with the control plane; TORII_HOME/node-token when left out'),
  TORII_BUILDER_HOST: z.string().min(1).default('127.0.0.1').describe('Address of health, metrics and runs'),
  TORII_BUILDER_PORT: envVar.port().default(9190).describe('Port of health, metrics and runs'),
  TORII_BUILDER_URL: envVar
    .url('http', 'https')
    .optional()
    .describe("That port's address as the control plane reaches it; made from host and port when left out"),
  TORII_BUILD_SLOTS: envVar
    .positiveInt()
    .max(256)
    .default(Math.max(1, availableParallelism() - 1))
    .describe('Builds that run at once; one less than there are cores when left out'),
  TORII_BUILD_TIMEOUT_MS: envVar.durationMs().default(120_000).describe('Time one build may take, from when it begins (ms)'),
  TORII_BUILD_DRAIN_MS: envVar
    .durationMs()
    .default(20_000)
    .describe('Time builds under way get when the builder stops; those that are not done go to another one (ms)'),
  TORII_BUILD_MEMORY_BYTES: envVar
    .positiveInt()
    .min(64 * 1024 * 1024)
    .default(1024 ** 3)
    .describe('Memory a compiler may use (bytes)'),
  TORII_BUILD_OUTPUT_BYTES: envVar
    .positiveInt()
    .max(artifactMaxBytes)
    .default(artifactMaxBytes)
    .describe('What a compiler may write, and the module it makes (bytes)'),
  TORII_BUILD_SANDBOX: z
    .enum(['auto', 'none'])
    .default('auto')
    .describe('none runs native compilers without a sandbox: only where every author of functions is trusted'),
  TORII_BUILD_NPM_REGISTRY: envVar.url('http', 'https').default(defaultNpmRegistry).describe('Where packages of JavaScript and TypeScript come from'),
  TORII_BUILD_GO_PROXY: z
    .union([z.literal('off'), envVar.url('http', 'https')])
    .default(defaultGoProxy)
    .describe('Where Go modules come from, or off'),
  TORII_BUILD_GO_CHECKSUM_DATABASE: z.string().min(1).default(defaultGoChecksumDatabase).describe('What vouches for Go modules, or off'),
  TORII_BUILD_GO_SEEDS: z
    .string()
    .min(1)
    .transform((folder) => path.resolve(folder))
    .optional()
    .describe("Folder of compiled packages of Go's library, which builders of this machine may share; this builder's own when left out"),
  TORII_BUILD_CRATE_HOSTS: envVar.list().optional().describe("host:port[,...] that crates come from; the public registry's when left out"),
  TORII_BUILDER_CACHE_BYTES: envVar
    .positiveInt()
    .default(512 * 1024 * 1024)
    .describe('Size of the modules kept on disk for runs and builds to come (bytes)'),
  TORII_BUILD_NPM_CACHE_BYTES: envVar
    .positiveInt()
    .default(1024 ** 3)
    .describe('Size of the npm packages kept on disk (bytes)'),
  TORII_BUILD_GO_MODULES_BYTES: envVar
    .positiveInt()
    .default(2 * 1024 ** 3)
    .describe('Size of the Go modules kept on disk (bytes)'),
  TORII_BUILD_RUST_CACHE_BYTES: envVar
    .positiveInt()
    .default(4 * 1024 ** 3)
    .describe('Size of the compiled crates kept on disk (bytes)'),
  TORII_RUN_SLOTS: envVar.positiveInt().max(256).default(4).describe('Functions that run at once for who tries them'),
  TORII_RUN_QUEUE_MAX: envVar.positiveInt().max(10_000).default(32).describe('Runs that may wait for their turn'),
  TORII_RUN_QUEUE_WAIT_MS: envVar.durationMs().default(5_000).describe('Time a run waits for its turn (ms)'),
  TORII_RUN_START_TIMEOUT_MS: envVar.durationMs().default(10_000).describe('Time a function that is tried gets to begin (ms)'),
  TORII_RUN_MEMORY_BYTES: envVar
    .positiveInt()
    .min(16 * 1024 * 1024)
    .default(1024 ** 3)
    .describe('Memory of all functions that are tried at once (bytes)'),
  TORII_PREPARE_TIMEOUT_MS: envVar.durationMs().default(30_000).describe('Time one module may take to be rewritten (ms)'),
  TORII_EGRESS_CONNECT_TIMEOUT_MS: envVar.durationMs().default(3_000).describe('Time an outbound call of a run gets to connect (ms)'),
  TORII_EGRESS_DNS_SERVERS: envVar
    .list()
    .refine(areNameServers, 'must be addresses of name servers, such as 10.0.0.2 or [2001:db8::1]:5353')
    .optional()
    .describe("Name servers that outbound calls of runs ask; the system's when left out"),
  TORII_EGRESS_CA_FILE: z.string().min(1).optional().describe("PEM file of authorities that these calls trust beside the system's"),
  TORII_EGRESS_OVERRIDES: EgressOverrides.optional().describe('host=origin[,...]: these calls go to that origin; for tests and demos'),
  TORII_EGRESS_OVERRIDES_IN_PRODUCTION: envVar.flag().default(false).describe('Accept overrides although NODE_ENV is production'),
  TORII_EGRESS_PRIVATE_CIDRS: envVar
    .list()
    .refine(areCidrs, 'must be networks such as 10.1.0.0/16 or fd12::/32')
    .default([])
    .describe('Private networks that functions with allowPrivate may call'),
  TORII_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info').describe('Least severe log line written'),
  PATH: z.string().default('').describe('Where compilers are looked for'),
  HOME: z.string().optional().describe('Where rustup and Go put what a user installs'),
  GOROOT: z.string().optional().describe('Where Go is'),
  NODE_EXTRA_CA_CERTS: z.string().optional().describe('PEM file of authorities that Node and npm trust beside those they know'),
  NODE_ENV: z.string().optional().describe('production refuses egress overrides'),
});

export type Env = z.infer<typeof Env>;

/** Throws one `EnvError` that lists every problem. */
export function parseBuilderEnv(source: Record<string, string | undefined>): Env {
  return parseEnv(
    Env.refine((env) => env.TORII_EGRESS_OVERRIDES === undefined || env.NODE_ENV !== 'production' || env.TORII_EGRESS_OVERRIDES_IN_PRODUCTION, {
      path: ['TORII_EGRESS_OVERRIDES'],
      message: 'is refused in production: set TORII_EGRESS_OVERRIDES_IN_PRODUCTION=true if you mean it',
    }),
    source,
  );
}
