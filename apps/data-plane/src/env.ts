import { Resolver } from 'node:dns';
import { isIP } from 'node:net';
import { availableParallelism, totalmem } from 'node:os';
import { NodeName } from '@torii/contracts';
import { envVar, parseEnv } from '@torii/service-kit';
import { z } from 'zod';

const EgressOverrides = z.string().transform((text, context) => {
  const overrides = new Map<string, string>();
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const [host, origin, ...rest] = part.split('=');
    if (host === undefined || origin === undefined || rest.length > 0 || !URL.canParse(origin)) {
      context.addIssue(`must be host=origin[,host=origin], such as api.example.com=http://127.0.0.1:4000; got "${part}"`);
      return z.NEVER;
    }
    overrides.set(host.toLowerCase(), new URL(origin).origin);
  }
  return overrides;
});

function areCidrs(networks: readonly string[]): boolean {
  return networks.every((network) => {
    const [address = '', bits = ''] = network.split(/\/(.*)/s);
    const family = isIP(address);
    return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
  });
}

function areNameServers(servers: readonly string[]): boolean {
  try {
    new Resolver().setServers(servers);
    return true;
  } catch {
    return false;
  }
}

/** Settings of a node. docs/operations.md lists them. */
const Env = z.object({
  REDIS_URL: envVar.url('redis', 'rediss').describe('Redis or Valkey; the bus and the shared maps default to it'),
  TORII_BUS_REDIS_URL: envVar.url('redis', 'rediss').optional().describe('Where configurations and heartbeats go'),
  TORII_KV_REDIS_URL: envVar.url('redis', 'rediss').optional().describe('Where shared maps and datastores live'),
  TORII_KV_TIMEOUT_MS: envVar.durationMs().default(500).describe('Time one operation on a shared map or a datastore may take (ms)'),
  TORII_MAPS_BYTES: envVar
    .positiveInt()
    .min(1024 * 1024)
    .max(4 * 1024 ** 3)
    .default(256 * 1024 * 1024)
    .describe('Memory for all maps of this node (bytes), taken from the system as it is used'),
  TORII_GLOBAL_KV_BYTES: envVar
    .positiveInt()
    .default(64 * 1024 * 1024)
    .describe('Keys and values in the global map, and in the global datastore (bytes)'),
  TORII_REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, _ or -')
    .default('torii')
    .describe('First part of every key and channel'),
  TORII_PROXY_HOST: z.string().min(1).default('0.0.0.0').describe('Address the proxy listens on'),
  TORII_PROXY_PORT: envVar.port().default(8080).describe('Port of the proxy'),
  TORII_INTERNAL_HOST: z.string().min(1).default('127.0.0.1').describe('Address of health and metrics'),
  TORII_INTERNAL_PORT: envVar.port().default(9090).describe('Port of health and metrics'),
  TORII_INTERNAL_URL: envVar
    .url('http', 'https')
    .optional()
    .describe("The internal port's address as others reach it; made from host and port when left out"),
  TORII_CONTROL_PLANE_URL: envVar.url('http', 'https').default('http://127.0.0.1:9000').describe('Where artifacts come from'),
  TORII_HOME: z.string().min(1).default('.torii').describe('Folder of local state'),
  TORII_NODE_STATE: z.string().min(1).optional().describe("This node's own folder: its id and its artifacts; TORII_HOME/node when left out"),
  TORII_NODE_NAME: NodeName.optional().describe(
    "What this node is called in lists, by the tester and in the live tail; the machine's name when left out",
  ),
  TORII_NODE_TOKEN: envVar.secret(16).optional().describe('Shared with the control plane; TORII_HOME/node-token when left out'),
  TORII_DATA_THREADS: envVar
    .positiveInt()
    .max(256)
    .default(availableParallelism())
    .describe('Threads that serve requests; one per core when left out'),
  TORII_MAX_INSTANCES: envVar
    .positiveInt()
    .max(7_000)
    .default(6_000)
    .describe('Live instances on this node; each takes two of the about 16,000 memories a process can hold'),
  TORII_GUEST_MEMORY_BYTES: envVar
    .positiveInt()
    .default(Math.floor(Math.min(process.constrainedMemory() || totalmem(), totalmem()) / 2))
    .describe('Memory of all live instances on this node (bytes); half of what the machine or container has when left out'),
  TORII_INSTANCE_IDLE_MS: envVar
    .durationMs()
    .default(5 * 60_000)
    .describe('Instances that nobody used for this long are given up, the last one of a plugin too (ms)'),
  TORII_REQUEST_TIMEOUT_MS: envVar.durationMs().default(60_000).describe('Time a request may take in all (ms)'),
  TORII_REQUEST_BYTES_MAX: envVar
    .positiveInt()
    .default(256 * 1024 * 1024)
    .describe('Request bodies in memory at once on this node (bytes); more is answered 503'),
  TORII_MAX_CONNECTIONS: envVar.positiveInt().default(20_000).describe('Connections to the proxy of this node at once; one more is closed'),
  TORII_WEBSOCKET_MESSAGE_BYTES: envVar
    .positiveInt()
    .max(256 * 1024 * 1024)
    .default(16 * 1024 * 1024)
    .describe('Message of a WebSocket that plugins see (bytes); a larger one closes the connection, by 1009'),
  TORII_WEBSOCKET_CLOSE_TIMEOUT_MS: envVar
    .durationMs()
    .default(5_000)
    .describe('Time both sides of such a WebSocket get to close it, once one has begun to (ms)'),
  TORII_THREAD_SILENCE_MS: envVar
    .durationMs()
    .min(100)
    .default(2_000)
    .describe('A data thread that does not answer for longer is ended and replaced (ms)'),
  TORII_SPARE_THREAD_DELAY_MS: envVar
    .durationMs()
    .default(10_000)
    .describe('How long after its start a node starts the thread that waits to replace another (ms); until then that takes as long as a start'),
  TORII_OVERLOAD_LAG_MS: envVar
    .durationMs()
    .default(100)
    .describe('Load is shed while requests have waited longer than this for their thread for half a second (ms)'),
  TORII_METRICS_MAX_SERIES: envVar
    .positiveInt()
    .max(100_000)
    .default(1_000)
    .describe('Plugins, and routes, with metrics of their own; the others are counted together'),
  TORII_SHUTDOWN_TIMEOUT_MS: envVar.durationMs().default(10_000).describe('Time requests under way get when the node stops (ms)'),
  TORII_POLL_INTERVAL_MS: envVar.durationMs().default(1_000).describe('How often to look for a configuration without being told (ms)'),
  TORII_ACTIVATION_TIMEOUT_MS: envVar.durationMs().default(30_000).describe('Time a data thread gets to take over a configuration (ms)'),
  TORII_WARM_UP_TIMEOUT_MS: envVar.durationMs().default(10_000).describe('Time the first instance of a plugin gets to initialise (ms)'),
  TORII_WARM_UP_TOTAL_MS: envVar
    .durationMs()
    .default(2_000)
    .describe('Time a data thread spends on first instances for one configuration, of plugins whose modules are known to start (ms)'),
  TORII_ARTIFACT_CACHE_BYTES: envVar
    .positiveInt()
    .default(1024 ** 3)
    .describe('Size of the artifact cache on disk (bytes)'),
  TORII_PREPARED_CACHE_BYTES: envVar
    .positiveInt()
    .default(1024 ** 3)
    .describe('Size of the prepared modules on disk (bytes)'),
  TORII_COMPILE_AHEAD_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(128 * 1024 * 1024)
    .describe('Modules that are compiled before they are called (bytes, as prepared); those beyond are compiled as they are called'),
  TORII_PREPARE_TIMEOUT_MS: envVar.durationMs().default(30_000).describe('Time one module may take to be rewritten (ms)'),
  TORII_EGRESS_CONNECT_TIMEOUT_MS: envVar.durationMs().default(3_000).describe('Time an outbound call gets to connect (ms)'),
  TORII_EGRESS_REQUEST_TIMEOUT_MS: envVar.durationMs().default(10_000).describe('Time an outbound call may take in all, redirects included (ms)'),
  TORII_EGRESS_RESPONSE_MAX_BYTES: envVar
    .positiveInt()
    .default(10 * 1024 * 1024)
    .describe('Size of the answer to an outbound call (bytes)'),
  TORII_EGRESS_MAX_REDIRECTS: z.coerce.number().int().min(0).max(20).default(5).describe('Redirects an outbound call may follow, each checked again'),
  TORII_EGRESS_MAX_CONCURRENT: envVar.positiveInt().default(256).describe('Outbound calls under way at once, per data thread'),
  TORII_EGRESS_MAX_CONCURRENT_PER_PLUGIN: envVar.positiveInt().optional().describe('Of these, for one plugin; a quarter of them when left out'),
  TORII_EGRESS_QUEUE_WAIT_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(60_000)
    .default(1_000)
    .describe('Time an outbound call may wait for another one of its plugin to end (ms)'),
  TORII_EGRESS_BUFFER_BYTES: envVar
    .positiveInt()
    .default(256 * 1024 * 1024)
    .describe('Bodies of outbound calls in memory at once on this node, sent and received (bytes)'),
  TORII_EGRESS_DNS_SERVERS: envVar
    .list()
    .refine(areNameServers, 'must be addresses of name servers, such as 10.0.0.2 or [2001:db8::1]:5353')
    .optional()
    .describe("Name servers that outbound calls ask; the system's when left out"),
  TORII_EGRESS_CA_FILE: z.string().min(1).optional().describe("PEM file of authorities that outbound calls trust beside the system's"),
  TORII_EGRESS_OVERRIDES: EgressOverrides.optional().describe(
    'host=origin[,...]: outbound calls to that host go to that origin; for tests and demos',
  ),
  TORII_EGRESS_OVERRIDES_IN_PRODUCTION: envVar.flag().default(false).describe('Accept overrides although NODE_ENV is production'),
  TORII_EGRESS_PRIVATE_CIDRS: envVar
    .list()
    .refine(areCidrs, 'must be networks such as 10.1.0.0/16 or fd12::/32')
    .default([])
    .describe('Private networks that plugins with allowPrivate may call'),
  TORII_ACCESS_LOG_SAMPLE: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Share of requests that have a line in the log; those answered with 5xx all have one'),
  TORII_TAIL_RECORDS_PER_S: envVar
    .positiveInt()
    .max(10_000)
    .default(500)
    .describe('Requests a second that this node tells all followers of its live tail'),
  TORII_UPSTREAM_ALLOW_LINK_LOCAL: envVar
    .flag()
    .default(false)
    .describe('Let upstreams have link-local addresses, where clouds hand out credentials'),
  TORII_REPORTS_BYTES: envVar
    .positiveInt()
    .default(16 * 1024 * 1024)
    .describe('Reports of requests with a debug token that this node keeps (bytes)'),
  TORII_OTLP_ENDPOINT: envVar
    .url('http', 'https')
    .optional()
    .describe('Collector that traces are sent to, by OTLP over HTTP; none are when left out'),
  OTEL_EXPORTER_OTLP_ENDPOINT: envVar.url('http', 'https').optional().describe('The same, where TORII_OTLP_ENDPOINT is left out'),
  OTEL_BSP_SCHEDULE_DELAY: envVar.durationMs().default(1_000).describe('How long spans are gathered before they are sent, if they are not many (ms)'),
  TORII_OTLP_TIMEOUT_MS: envVar.durationMs().default(5_000).describe('Time one export of traces may take (ms)'),
  TORII_TRACE_RATIO: z.coerce.number().min(0).max(1).default(1).describe('Share of requests that are traced, of those without a traceparent'),
  TORII_TRACE_QUEUE_SPANS: envVar.positiveInt().default(4_096).describe('Spans that may wait for the collector, per data thread; more are dropped'),
  TORII_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info').describe('Least severe log line written'),
  NODE_ENV: z.string().optional().describe('production refuses egress overrides'),
});

export type Env = z.infer<typeof Env>;

/** Throws one `EnvError` that lists every problem. */
export function parseNodeEnv(source: Record<string, string | undefined>): Env {
  return parseEnv(
    Env.refine((env) => env.TORII_EGRESS_OVERRIDES === undefined || env.NODE_ENV !== 'production' || env.TORII_EGRESS_OVERRIDES_IN_PRODUCTION, {
      path: ['TORII_EGRESS_OVERRIDES'],
      message: 'is refused in production: set TORII_EGRESS_OVERRIDES_IN_PRODUCTION=true if you mean it',
    }),
    source,
  );
}
