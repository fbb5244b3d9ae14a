import { parentPort, workerData } from 'node:worker_threads';
import { AppError, defaultWorkspace, type SnapshotPlugin } from '@torii/contracts';
import { KvPort, RedisKvStore, RemoteKvStore } from '@torii/kv';
import { connectRedis, createLogger, systemClock } from '@torii/service-kit';
import { createEgress, InstanceBudget, type InstancePool, loadFunction, type PreparedModule } from '@torii/wasm-runtime';
import { ActiveRevision, type Revision } from '../config/active-revision.js';
import { AccessLog } from '../http/access-log.js';
import { BodyBudget } from '../http/body-budget.js';
import { ProxyServer } from '../http/server.js';
import { InTurn } from './in-turn.js';
import { PoolRegistry } from './pool-registry.js';
import { stageRevision } from './stage-revision.js';
import type { ThreadCall, ThreadReply, ThreadRequest, ThreadSettings } from './thread-messages.js';

// A data thread: HTTP, routing and guests. It is told what to do by the main thread and keeps no state of its own
// beyond the revision it serves.

const kvCommandTimeoutMs = 2_000;

const settings = workerData as ThreadSettings;
if (parentPort === null) throw new Error('a data thread is started by the node, not by hand');
const main = parentPort;

const log = createLogger({ level: settings.logLevel, app: 'data-plane', fields: { nodeId: settings.nodeId, thread: settings.index } });
const redis = connectRedis(settings.kvRedisUrl, { name: 'kv', log, commandTimeoutMs: kvCommandTimeoutMs });
const kvPort = new KvPort(settings.kvPort);
const egress = createEgress(
  { ...settings.egress, overrides: new Map([...settings.egress.overrides].map(([host, origin]) => [host, new URL(origin)])) },
  { clock: systemClock, log },
);
const budget = new InstanceBudget(settings.maxInstances);
const activeRevision = new ActiveRevision();
const pools = new PoolRegistry(log);
const server = new ProxyServer({
  activeRevision,
  requestTimeoutMs: settings.requestTimeoutMs,
  bodyBudget: new BodyBudget(settings.requestBytesMax),
  maxConnections: settings.maxConnections,
  clock: systemClock,
  log,
  accessLog: new AccessLog(log, systemClock),
});
/** A configuration that took longer than the main thread waited must not be staged over a later one. */
const turns = new InTurn();
let staged: Revision | undefined;

async function openPool(plugin: SnapshotPlugin, prepared: PreparedModule): Promise<InstancePool> {
  const share = (perNode: number): number => Math.ceil(perNode / settings.threadCount);
  const pool = loadFunction(
    {
      pluginId: plugin.id,
      pluginName: plugin.name,
      pluginVersion: plugin.version,
      functionName: plugin.functionName,
      allowedHosts: plugin.allowedHosts,
      allowPrivate: plugin.allowPrivate,
      grants: plugin.grants,
      config: plugin.config,
      limits: {
        ...plugin.limits,
        maxInstancesPerNode: share(plugin.limits.maxInstancesPerNode),
        maxQueuedPerNode: share(plugin.limits.maxQueuedPerNode),
      },
    },
    prepared,
    {
      clock: systemClock,
      log,
      egress,
      budget,
      mapFor: (pluginId) =>
        plugin.mapStore === 'memory'
          ? new RemoteKvStore(kvPort, pluginId)
          : new RedisKvStore({ redis, prefix: settings.redisPrefix, workspace: defaultWorkspace, pluginId, maxBytes: plugin.limits.kvMaxBytes }),
    },
  );
  try {
    await pool.warmUp(settings.warmUpTimeoutMs);
  } catch (error) {
    await pool.close();
    const { code, message } = AppError.from(error);
    throw new AppError(code === 'capacity.pool_exhausted' ? code : 'config.compile_failed', {
      detail: `plugin ${plugin.name} version ${plugin.version}: ${message}`,
      cause: error,
    });
  }
  return pool;
}

async function carryOut(request: ThreadRequest): Promise<number | undefined> {
  switch (request.kind) {
    case 'listen':
      return server.listen({ host: settings.proxyHost, port: request.port, isShared: request.isShared });
    case 'stage':
    case 'commit':
    case 'discard':
      await turns.run(() => takeOver(request));
      return undefined;
    case 'drain':
      await server.drain(settings.shutdownTimeoutMs);
      redis.disconnect();
      kvPort.close();
      return undefined;
  }
}

async function takeOver(request: Extract<ThreadRequest, { kind: 'stage' | 'commit' | 'discard' }>): Promise<void> {
  if (request.kind === 'commit') {
    if (staged !== undefined) activeRevision.swap(staged);
    staged = undefined;
    return;
  }
  discard();
  if (request.kind === 'stage') staged = await stageRevision(request.snapshot, pools, openPool);
}

function discard(): void {
  staged?.dispose();
  staged = undefined;
}

main.on('message', (call: ThreadCall) => {
  carryOut(call).then(
    (port) => reply(port === undefined ? { callId: call.callId, ok: true } : { callId: call.callId, ok: true, port }),
    (error: unknown) => reply({ callId: call.callId, ok: false, error: describe(error) }),
  );
});

function reply(message: ThreadReply): void {
  main.postMessage(message);
}

function describe(error: unknown): Extract<ThreadReply, { ok: false }>['error'] {
  const { code, detail } = AppError.from(error);
  const systemCode = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'platform.internal') log.error({ err: error }, 'data thread failed to carry out a request');
  return { code, ...(detail === undefined ? {} : { detail }), ...(systemCode === undefined || systemCode === code ? {} : { systemCode }) };
}
