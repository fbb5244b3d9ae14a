import { isIPv6 } from 'node:net';
import path from 'node:path';
import { ArtifactCache, configKeys, heartbeatIntervalMs, NodeRegistry, SnapshotSource, tailChannels } from '@torii/config-sync';
import type { NodeStatus } from '@torii/contracts';
import { connectRedis, debugTokenKey, Lifecycle, type Logger, readOrCreateSecretFile, systemClock } from '@torii/service-kit';
import { RewriteThread } from '@torii/wasm-runtime';
import { ConfigAgent } from './config/config-agent.js';
import { ModuleCompiler } from './config/module-compiler.js';
import { PluginMaps } from './config/plugin-maps.js';
import { PreparedCache } from './config/prepared-cache.js';
import { StatusReporter } from './config/status-reporter.js';
import type { Env } from './env.js';
import { InternalServer, type Readiness } from './internal/internal-server.js';
import { NodeMetrics } from './metrics/node-metrics.js';
import { defaultNodeName, readOrCreateNodeId } from './node-identity.js';
import { TailAgent } from './tail/tail-agent.js';
import { tracingSettings } from './telemetry/tracing-settings.js';
import { ReportShelf } from './tester/report-shelf.js';
import { testerEndpoints } from './tester/tester-endpoints.js';
import { Trials } from './tester/trials.js';
import { DataThreads, placesOf } from './threads/data-threads.js';
import { egressSettings } from './threads/egress-settings.js';
import { HealthProber } from './upstream/health-prober.js';
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
  const nodeName = env.TORII_NODE_NAME ?? defaultNodeName();
  const busUrl = env.TORII_BUS_REDIS_URL ?? env.REDIS_URL;
  const redis = connectRedis(busUrl, { name: 'bus', log, commandTimeoutMs: busCommandTimeoutMs });
  const subscriber = connectRedis(busUrl, { name: 'doorbell', log, commandTimeoutMs: busCommandTimeoutMs });
  lifecycle.onClose('redis', () => {
    redis.disconnect();
    subscriber.disconnect();
  });

  const maps = new PluginMaps({ maxBytes: env.TORII_MAPS_BYTES, globalMaxBytes: env.TORII_GLOBAL_KV_BYTES });
  const egress = egressSettings(env);
  for (const [host, origin] of egress.overrides) log.warn({ host, origin }, 'outbound calls are overridden');
  const prober = new HealthProber({ allowLinkLocal: env.TORII_UPSTREAM_ALLOW_LINK_LOCAL, log });
  lifecycle.onClose('checks of upstreams', () => prober.close());
  const metrics = new NodeMetrics({
    threads: placesOf(env.TORII_DATA_THREADS),
    maxSeries: env.TORII_METRICS_MAX_SERIES,
    requestTimeoutMs: env.TORII_REQUEST_TIMEOUT_MS,
  });
  const nodeToken = env.TORII_NODE_TOKEN ?? (await readOrCreateSecretFile(path.join(env.TORII_HOME, 'node-token')));
  const reports = new ReportShelf({ maxChars: env.TORII_REPORTS_BYTES });
  const tail = new TailAgent({
    redis,
    subscriber,
    channels: tailChannels(env.TORII_REDIS_PREFIX),
    tell: (followings) => threads.follow(followings),
    clock: systemClock,
    log,
  });
  const threads: DataThreads = new DataThreads({
    threadCount: env.TORII_DATA_THREADS,
    proxyPort: env.TORII_PROXY_PORT,
    activationTimeoutMs: env.TORII_ACTIVATION_TIMEOUT_MS,
    silenceMs: env.TORII_THREAD_SILENCE_MS,
    firstSpareDelayMs: env.TORII_SPARE_THREAD_DELAY_MS,
    onLost: (loss) => {
      metrics.threadLost(loss);
      const plugin = loss.pluginRow === undefined ? undefined : metrics.pluginOf(loss.pluginRow);
      log.error({ thread: loss.thread, reason: loss.reason, pluginId: plugin?.id, plugin: plugin?.name }, 'data thread lost');
      if (loss.pluginRow !== undefined && plugin !== undefined) threads.confine(loss.pluginRow);
    },
    onGone: (thread) => {
      maps.recover(thread);
      metrics.threadGone(thread);
    },
    onTail: (batches) => tail.deliver(batches),
    onReport: (id, json) => reports.keep(id, json),
    log,
    settings: {
      metrics: metrics.memory.memory,
      metricsRows: metrics.memory.rows,
      overloadLagMs: env.TORII_OVERLOAD_LAG_MS,
      nodeId,
      nodeName,
      proxyHost: env.TORII_PROXY_HOST,
      requestTimeoutMs: env.TORII_REQUEST_TIMEOUT_MS,
      requestBytesMax: Math.ceil(env.TORII_REQUEST_BYTES_MAX / env.TORII_DATA_THREADS),
      maxConnections: Math.ceil(env.TORII_MAX_CONNECTIONS / env.TORII_DATA_THREADS),
      webSockets: { messageMaxBytes: env.TORII_WEBSOCKET_MESSAGE_BYTES, closeTimeoutMs: env.TORII_WEBSOCKET_CLOSE_TIMEOUT_MS },
      shutdownTimeoutMs: env.TORII_SHUTDOWN_TIMEOUT_MS,
      warmUpTimeoutMs: env.TORII_WARM_UP_TIMEOUT_MS,
      warmUpTotalMs: env.TORII_WARM_UP_TOTAL_MS,
      maxInstances: Math.ceil(env.TORII_MAX_INSTANCES / env.TORII_DATA_THREADS),
      guestMemoryBytes: Math.ceil(env.TORII_GUEST_MEMORY_BYTES / env.TORII_DATA_THREADS),
      instanceIdleMs: env.TORII_INSTANCE_IDLE_MS,
      kvRedisUrl: env.TORII_KV_REDIS_URL ?? env.REDIS_URL,
      kvTimeoutMs: env.TORII_KV_TIMEOUT_MS,
      globalKvBytes: env.TORII_GLOBAL_KV_BYTES,
      tailRecordsPerSecond: Math.ceil(env.TORII_TAIL_RECORDS_PER_S / env.TORII_DATA_THREADS),
      accessLogSample: env.TORII_ACCESS_LOG_SAMPLE,
      tracing: tracingSettings(env),
      debugKey: debugTokenKey(nodeToken),
      maps: maps.memory,
      upstreamHealth: prober.cells.memory,
      allowLinkLocal: env.TORII_UPSTREAM_ALLOW_LINK_LOCAL,
      redisPrefix: env.TORII_REDIS_PREFIX,
      logLevel: env.TORII_LOG_LEVEL,
      egress,
    },
  });
  lifecycle.onClose('data threads', () => threads.stop());
  await threads.start();
  tail.start();
  lifecycle.onClose('live tail', () => tail.close());

  const keys = configKeys(env.TORII_REDIS_PREFIX);
  const rewriter = new RewriteThread({ timeoutMs: env.TORII_PREPARE_TIMEOUT_MS });
  lifecycle.onClose('rewriting thread', () => rewriter.close());
  const compiler = new ModuleCompiler({
    artifacts: new ArtifactCache({
      directory: path.join(stateDirectory, 'artifacts'),
      maxBytes: env.TORII_ARTIFACT_CACHE_BYTES,
      controlPlaneUrl: env.TORII_CONTROL_PLANE_URL,
      nodeToken,
      fetchTimeoutMs: artifactFetchTimeoutMs,
      log,
    }),
    rewriter,
    store: new PreparedCache({ directory: path.join(stateDirectory, 'prepared'), maxBytes: env.TORII_PREPARED_CACHE_BYTES, log }),
    aheadMaxBytes: env.TORII_COMPILE_AHEAD_BYTES,
    onPrepared: (preparation) => metrics.prepared(preparation),
  });
  const source = new SnapshotSource({ redis, subscriber, keys, pollIntervalMs: env.TORII_POLL_INTERVAL_MS });
  const agent = new ConfigAgent({
    source,
    activate: async (snapshot) => {
      const compiled = await compiler.compile(snapshot);
      maps.open(snapshot.plugins);
      await threads.activate({ ...compiled, ...metrics.rowsFor(snapshot), upstreamCells: prober.cellsFor(snapshot.routes) });
      prober.watch(snapshot.routes);
      metrics.retainOnly(snapshot);
      maps.retainOnly(snapshot.plugins);
    },
    onChange: () => reporter.reportNow(),
    log,
  });

  const trials = new Trials({
    tryOut: (trial, draft, timeoutMs) => threads.tryOut(trial, draft, timeoutMs),
    compile: (plugins, unsaved) => compiler.compileBeside(plugins, unsaved),
    rowsFor: (plugins, unsaved) => metrics.rowsForDraft(plugins, unsaved),
    holdMaps: (plugins) => maps.hold(plugins),
    openScratch: (trialId, plugins) => maps.openScratch(trialId, plugins),
    draftTimeoutMs: env.TORII_ACTIVATION_TIMEOUT_MS,
  });
  const isRedisReady = (): boolean => redis.status === 'ready';
  const internal = new InternalServer({
    readiness: () => readinessOf(agent, threads, isRedisReady()),
    metrics: () =>
      metrics.text({
        threadsServing: threads.liveCount,
        threadsSpare: threads.hasSpare ? 1 : 0,
        revision: agent.active?.revision ?? 0,
        isRejected: agent.rejected !== undefined,
        isRedisConnected: isRedisReady(),
      }),
    token: nodeToken,
    endpoints: testerEndpoints(trials, reports),
  });
  const internalPort = await internal.listen(env.TORII_INTERNAL_HOST, env.TORII_INTERNAL_PORT);
  lifecycle.onClose('internal server', () => internal.close());

  const startedAt = new Date().toISOString();
  const internalHost = isIPv6(env.TORII_INTERNAL_HOST) ? `[${env.TORII_INTERNAL_HOST}]` : env.TORII_INTERNAL_HOST;
  const internalUrl = env.TORII_INTERNAL_URL ?? `http://${internalHost}:${internalPort}`;
  const status = (): NodeStatus => ({
    id: nodeId,
    ...(nodeName === undefined ? {} : { name: nodeName }),
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
