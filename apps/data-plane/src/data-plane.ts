import path from 'node:path';
import { ArtifactCache, configKeys, heartbeatIntervalMs, NodeRegistry, SnapshotSource } from '@torii/config-sync';
import type { NodeStatus } from '@torii/contracts';
import { connectRedis, Lifecycle, type Logger, readOrCreateSecretFile } from '@torii/service-kit';
import { ConfigAgent } from './config/config-agent.js';
import { ModuleCompiler } from './config/module-compiler.js';
import { PluginMaps } from './config/plugin-maps.js';
import { StatusReporter } from './config/status-reporter.js';
import type { Env } from './env.js';
import { InternalServer, type Readiness } from './internal/internal-server.js';
import { readOrCreateNodeId } from './node-identity.js';
import { DataThreads } from './threads/data-threads.js';
import { version } from './version.js';

const busCommandTimeoutMs = 3_000;
const artifactFetchTimeoutMs = 30_000;

export interface DataPlane {
  readonly proxyPort: number;
  readonly internalPort: number;
  /** Finishes the requests under way, then closes everything. */
  stop(): Promise<void>;
}

/** Builds a node by hand, part by part, and starts it. Rejects when a port cannot be had; needs neither Redis nor a control plane to start. */
export async function startDataPlane(env: Env, log: Logger): Promise<DataPlane> {
  const lifecycle = new Lifecycle(log);
  try {
    return await open(env, log, lifecycle);
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

async function open(env: Env, log: Logger, lifecycle: Lifecycle): Promise<DataPlane> {
  const stateDirectory = env.TORII_NODE_STATE ?? path.join(env.TORII_HOME, 'node');
  const nodeId = readOrCreateNodeId(stateDirectory);
  const busUrl = env.TORII_BUS_REDIS_URL ?? env.REDIS_URL;
  const redis = connectRedis(busUrl, { name: 'bus', log, commandTimeoutMs: busCommandTimeoutMs });
  const subscriber = connectRedis(busUrl, { name: 'doorbell', log, commandTimeoutMs: busCommandTimeoutMs });
  lifecycle.onClose('redis', () => {
    redis.disconnect();
    subscriber.disconnect();
  });

  const maps = new PluginMaps();
  const overrides = env.TORII_EGRESS_OVERRIDES ?? new Map<string, string>();
  for (const [host, origin] of overrides) log.warn({ host, origin }, 'outbound calls are overridden');
  const threads = new DataThreads({
    threadCount: env.TORII_DATA_THREADS,
    proxyPort: env.TORII_PROXY_PORT,
    activationTimeoutMs: env.TORII_ACTIVATION_TIMEOUT_MS,
    maps,
    log,
    settings: {
      nodeId,
      proxyHost: env.TORII_PROXY_HOST,
      requestTimeoutMs: env.TORII_REQUEST_TIMEOUT_MS,
      requestBytesMax: Math.ceil(env.TORII_REQUEST_BYTES_MAX / env.TORII_DATA_THREADS),
      maxConnections: Math.ceil(env.TORII_MAX_CONNECTIONS / env.TORII_DATA_THREADS),
      shutdownTimeoutMs: env.TORII_SHUTDOWN_TIMEOUT_MS,
      warmUpTimeoutMs: env.TORII_WARM_UP_TIMEOUT_MS,
      maxInstances: Math.ceil(env.TORII_MAX_INSTANCES / env.TORII_DATA_THREADS),
      kvRedisUrl: env.TORII_KV_REDIS_URL ?? env.REDIS_URL,
      redisPrefix: env.TORII_REDIS_PREFIX,
      logLevel: env.TORII_LOG_LEVEL,
      egress: {
        overrides,
        privateCidrs: env.TORII_EGRESS_PRIVATE_CIDRS,
        connectTimeoutMs: env.TORII_EGRESS_CONNECT_TIMEOUT_MS,
        requestTimeoutMs: env.TORII_EGRESS_REQUEST_TIMEOUT_MS,
        responseMaxBytes: env.TORII_EGRESS_RESPONSE_MAX_BYTES,
        maxRedirects: env.TORII_EGRESS_MAX_REDIRECTS,
        maxConcurrent: env.TORII_EGRESS_MAX_CONCURRENT,
      },
    },
  });
  lifecycle.onClose('data threads', () => threads.stop());
  await threads.start();

  const keys = configKeys(env.TORII_REDIS_PREFIX);
  const compiler = new ModuleCompiler(
    new ArtifactCache({
      directory: path.join(stateDirectory, 'artifacts'),
      maxBytes: env.TORII_ARTIFACT_CACHE_BYTES,
      controlPlaneUrl: env.TORII_CONTROL_PLANE_URL,
      nodeToken: env.TORII_NODE_TOKEN ?? (await readOrCreateSecretFile(path.join(env.TORII_HOME, 'node-token'))),
      fetchTimeoutMs: artifactFetchTimeoutMs,
      log,
    }),
  );
  const source = new SnapshotSource({ redis, subscriber, keys, pollIntervalMs: env.TORII_POLL_INTERVAL_MS });
  const agent = new ConfigAgent({
    source,
    activate: async (snapshot) => {
      const compiled = await compiler.compile(snapshot);
      maps.open(snapshot.plugins);
      await threads.activate(compiled);
      maps.retainOnly(snapshot.plugins);
    },
    onChange: () => reporter.reportNow(),
    log,
  });

  const internal = new InternalServer(() => readinessOf(agent, threads, redis.status === 'ready'));
  const internalPort = await internal.listen(env.TORII_INTERNAL_HOST, env.TORII_INTERNAL_PORT);
  lifecycle.onClose('internal server', () => internal.close());

  const startedAt = new Date().toISOString();
  const internalUrl = env.TORII_INTERNAL_URL ?? `http://${env.TORII_INTERNAL_HOST}:${internalPort}`;
  const status = (): NodeStatus => ({
    id: nodeId,
    version,
    internalUrl,
    proxyPort: threads.proxyPort,
    dataThreads: threads.wantedCount,
    startedAt,
    heartbeatAt: new Date().toISOString(),
    active: agent.active ?? null,
    rejected: rejectionOf(agent),
  });
  const reporter = new StatusReporter(new NodeRegistry(redis, keys), status, heartbeatIntervalMs, log);
  redis.on('ready', () => reporter.reportNow());
  reporter.start();
  agent.start();
  lifecycle.onClose('configuration', async () => {
    agent.stop();
    source.close();
    await reporter.stop();
  });

  return { proxyPort: threads.proxyPort, internalPort, stop: () => lifecycle.close() };
}

function readinessOf(agent: ConfigAgent, threads: DataThreads, isRedisReady: boolean): Readiness {
  const { active, waitingFor } = agent;
  const areThreadsLive = threads.liveCount === threads.wantedCount;
  return {
    // Redis is no condition: a node that lost it goes on serving what it has.
    isReady: active !== undefined && areThreadsLive,
    checks: {
      configuration: {
        ok: active !== undefined,
        revision: active?.revision ?? null,
        hash: active?.hash ?? null,
        ...(waitingFor === undefined ? {} : { detail: waitingFor }),
      },
      redis: { ok: isRedisReady },
      threads: { ok: areThreadsLive, live: threads.liveCount, wanted: threads.wantedCount },
    },
  };
}

function rejectionOf(agent: ConfigAgent): NodeStatus['rejected'] {
  if (agent.rejected === undefined) return null;
  const { current, code, detail } = agent.rejected;
  return { incarnation: current.incarnation, revision: current.revision, code, detail };
}
