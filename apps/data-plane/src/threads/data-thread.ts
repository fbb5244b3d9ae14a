import { parentPort, workerData } from 'node:worker_threads';
import { AppError, type SnapshotPlugin } from '@torii/contracts';
import { KvConnection, SharedMapTable } from '@torii/kv';
import { createLogger, systemClock } from '@torii/service-kit';
import { createEgress, InstanceBudget, type InstancePool, loadFunction, type PreparedModule } from '@torii/wasm-runtime';
import { ActiveRevision, type Revision } from '../config/active-revision.js';
import { AccessLog } from '../http/access-log.js';
import { BodyBudget } from '../http/body-budget.js';
import { OverloadRefusal } from '../http/overload-refusal.js';
import { ProxyServer } from '../http/server.js';
import { ExposedConfiguration } from '../state/exposed-configuration.js';
import { version } from '../version.js';
import { countedEgress } from './counted-egress.js';
import { InTurn } from './in-turn.js';
import { pluginStores } from './plugin-stores.js';
import { PoolRegistry } from './pool-registry.js';
import { stageRevision } from './stage-revision.js';
import type { CompiledSnapshot, ThreadCall, ThreadReply, ThreadRequest, ThreadSettings } from './thread-messages.js';
import { ThreadVitals } from './thread-vitals.js';

// A data thread: HTTP, routing and guests. It is told what to do by the main thread and keeps no state of its own
// beyond the revision it serves.

const settings = workerData as ThreadSettings;
if (parentPort === null) throw new Error('a data thread is started by the node, not by hand');
const main = parentPort;

const log = createLogger({
  level: settings.logLevel,
  app: 'data-plane',
  fields: { nodeId: settings.nodeId, thread: settings.index },
  isBatched: true,
});
const vitals = new ThreadVitals(settings);
const connection = new KvConnection({
  url: settings.kvRedisUrl,
  log,
  timeoutMs: settings.kvTimeoutMs,
  onOutcome: (isDone) => vitals.countKv(isDone),
});
const maps = SharedMapTable.attach(settings.maps, settings.index);
const egress = createEgress(
  { ...settings.egress, overrides: new Map([...settings.egress.overrides].map(([host, origin]) => [host, new URL(origin)])) },
  { clock: systemClock, log },
);
const budget = new InstanceBudget({ maxInstances: settings.maxInstances, maxBytes: settings.guestMemoryBytes });
const activeRevision = new ActiveRevision();
const pools = new PoolRegistry({ watch: (pool, row) => vitals.pools.watch(pool, row), log });
const exposed = new ExposedConfiguration({ ...settings, version, dataThreads: settings.threadCount });
const server = new ProxyServer({
  activeRevision,
  requestTimeoutMs: settings.requestTimeoutMs,
  bodyBudget: new BodyBudget(settings.requestBytesMax),
  maxConnections: settings.maxConnections,
  clock: systemClock,
  log,
  accessLog: new AccessLog(log),
  meter: vitals.requests,
  shedder: vitals.shedder,
  refusal: new OverloadRefusal(vitals.requests, log),
  share: vitals.share,
});
vitals.start({ connections: () => server.connections, guestBytes: () => budget.liveBytes });
/** A configuration that took longer than the main thread waited must not be staged over a later one. */
const turns = new InTurn();
let staged: { readonly revision: Revision; readonly snapshot: CompiledSnapshot } | undefined;

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
      storeLimits: plugin.storeLimits,
      config: plugin.config,
      isolation: plugin.isolation,
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
      egress: countedEgress(egress, (outcome) => vitals.countEgress(outcome)),
      budget,
      stores: pluginStores(plugin, { maps, connection, redisPrefix: settings.redisPrefix, globalMaxBytes: settings.globalKvBytes }),
      state: exposed.of(plugin.workspace),
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
    case 'confine':
      pools.confine(request.row, request.times);
      return undefined;
    case 'drain':
      await server.drain(settings.shutdownTimeoutMs);
      connection.close();
      return undefined;
  }
}

async function takeOver(request: Extract<ThreadRequest, { kind: 'stage' | 'commit' | 'discard' }>): Promise<void> {
  if (request.kind === 'commit') {
    if (staged !== undefined) {
      activeRevision.swap(staged.revision);
      exposed.show(staged.snapshot);
    }
    staged = undefined;
    return;
  }
  discard();
  if (request.kind === 'stage')
    staged = { revision: await stageRevision(request.snapshot, { pools, open: openPool, running: vitals.row }), snapshot: request.snapshot };
}

function discard(): void {
  staged?.revision.dispose();
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
