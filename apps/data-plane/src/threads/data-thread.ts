import { parentPort, workerData } from 'node:worker_threads';
import { AppError, pluginVersionKey, type SnapshotPlugin, type TesterAnswer } from '@torii/contracts';
import { KvConnection, SharedMapTable } from '@torii/kv';
import { createLogger, Deadline, systemClock } from '@torii/service-kit';
import { createEgress, InstanceBudget, type InstancePool, loadFunction, type PreparedModule, type Stores } from '@torii/wasm-runtime';
import { ActiveRevision } from '../config/active-revision.js';
import { AccessLog } from '../http/access-log.js';
import { BodyBudget } from '../http/body-budget.js';
import { OverloadRefusal } from '../http/overload-refusal.js';
import { ProxyServer } from '../http/server.js';
import { ExposedConfiguration } from '../state/exposed-configuration.js';
import { ThreadTail } from '../tail/thread-tail.js';
import type { Tracing, TracingSettings } from '../telemetry/tracing.js';
import { Inspector } from '../tester/inspector.js';
import { TrialRunner } from '../tester/trial-runner.js';
import { HealthCells } from '../upstream/health-cells.js';
import { UpstreamRegistry } from '../upstream/upstream-registry.js';
import { version } from '../version.js';
import { calledFunctionsOf } from './called-functions.js';
import { countedEgress } from './counted-egress.js';
import { type FirstStart, FirstStarts } from './first-starts.js';
import { InTurn } from './in-turn.js';
import { pluginStores, scratchStores } from './plugin-stores.js';
import { PoolRegistry } from './pool-registry.js';
import { stageDraft } from './stage-draft.js';
import { type StageDeps, type StagedRevision, stageRevision } from './stage-revision.js';
import type {
  DraftScratch,
  StagedSnapshot,
  ThreadAnswer,
  ThreadCall,
  ThreadNews,
  ThreadReply,
  ThreadRequest,
  ThreadSettings,
} from './thread-messages.js';
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
const starts = new FirstStarts({ timeoutMs: settings.warmUpTimeoutMs, totalMs: settings.warmUpTotalMs, budget, clock: systemClock });
const activeRevision = new ActiveRevision();
const pools = new PoolRegistry({ watch: (pool, row) => vitals.pools.watch(pool, row), log });
const health = new HealthCells(settings.upstreamHealth);
const upstreams = new UpstreamRegistry({
  threadCount: settings.threadCount,
  allowLinkLocal: settings.allowLinkLocal,
  isDown: (cell) => health.isDown(cell),
  clock: systemClock,
  log,
});
const exposed = new ExposedConfiguration({ ...settings, version, dataThreads: settings.threadCount });
const tail = new ThreadTail({
  nodeId: settings.nodeId,
  nodeName: settings.nodeName,
  recordsPerSecond: settings.tailRecordsPerSecond,
  clock: systemClock,
  send: (batches) => main.postMessage({ kind: 'tail', batches } satisfies ThreadNews),
});
const inspector = new Inspector({
  nodeId: settings.nodeId,
  thread: settings.index,
  key: settings.debugKey,
  clock: systemClock,
  log,
  keep: (report) => main.postMessage({ kind: 'report', id: report.id, json: JSON.stringify(report) } satisfies ThreadNews),
});
const tracing = settings.tracing === undefined ? undefined : await openTracing(settings.tracing);
const server = new ProxyServer({
  activeRevision,
  requestTimeoutMs: settings.requestTimeoutMs,
  bodyBudget: new BodyBudget(settings.requestBytesMax),
  maxConnections: settings.maxConnections,
  clock: systemClock,
  log,
  accessLog: new AccessLog(log, { tail, sample: settings.accessLogSample }),
  meter: vitals.requests,
  shedder: vitals.shedder,
  refusal: new OverloadRefusal(vitals.requests, log),
  share: vitals.share,
  inspector,
  tracing,
  webSockets: settings.webSockets,
});
vitals.start({ connections: () => server.connections, guestBytes: () => budget.liveBytes });
const trials = new TrialRunner({ inspector, accept: (socket) => server.accept(socket) });
/** A configuration that took longer than the main thread waited must not be staged over a later one. */
const turns = new InTurn();
let staged: { readonly parts: StagedRevision; readonly snapshot: StagedSnapshot } | undefined;
let serving: StagedRevision | undefined;

/** Loaded only where it is used: it is some megabytes. */
async function openTracing(options: TracingSettings): Promise<Tracing> {
  const { Tracing } = await import('../telemetry/tracing.js');
  return new Tracing(options, {
    nodeId: settings.nodeId,
    version,
    clock: systemClock,
    log,
    onSpans: (outcome, count) => vitals.countSpans(outcome, count),
  });
}

function savedStores(plugin: SnapshotPlugin): Stores {
  return pluginStores(plugin, { maps, connection, redisPrefix: settings.redisPrefix, globalMaxBytes: settings.globalKvBytes });
}

function poolOf(plugin: SnapshotPlugin, prepared: PreparedModule, scratch: DraftScratch | undefined): InstancePool {
  const share = (perNode: number): number => Math.ceil(perNode / settings.threadCount);
  return loadFunction(
    {
      pluginId: plugin.id,
      pluginName: plugin.name,
      pluginVersion: plugin.version,
      functionName: plugin.functionName,
      otherFunctionNames: calledFunctionsOf(plugin, prepared),
      allowedHosts: plugin.allowedHosts,
      allowPrivate: plugin.allowPrivate,
      grants: plugin.grants,
      storeLimits: plugin.storeLimits,
      compat: plugin.compat ?? 'torii',
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
      instanceIdleMs: settings.instanceIdleMs,
      stores: scratch?.plugins.has(pluginVersionKey(plugin)) === true ? scratchStores(plugin, scratch.trialId, maps) : savedStores(plugin),
      state: exposed.of(plugin.workspace),
    },
  );
}

/** Opens pools for the plugins of one configuration. */
function openPools(start: FirstStart, scratch?: DraftScratch): StageDeps['open'] {
  return async (plugin, prepared) => {
    const pool = poolOf(plugin, prepared, scratch);
    await start(plugin, pool);
    return pool;
  };
}

async function carryOut(request: ThreadRequest): Promise<ThreadAnswer> {
  switch (request.kind) {
    case 'listen':
      return { port: await server.listen({ host: settings.proxyHost, port: request.port, isShared: request.isShared }) };
    case 'try':
      return { tried: await tryOut(request) };
    case 'stage':
    case 'commit':
    case 'discard':
      await turns.run(() => takeOver(request));
      return {};
    case 'confine':
      pools.confine(request.row, request.times);
      return {};
    case 'follow':
      tail.follow(request.followings);
      return {};
    case 'drain':
      await server.drain(settings.shutdownTimeoutMs);
      connection.close();
      await tracing?.close();
      return {};
  }
}

async function tryOut({ trial, draft }: Extract<ThreadRequest, { kind: 'try' }>): Promise<TesterAnswer> {
  if (draft === undefined) return trials.run(trial);
  const revision = new ActiveRevision();
  const deadline = Deadline.after(draft.buildTimeoutMs, systemClock);
  const open = openPools(starts.ofConfiguration(false), draft.scratch);
  revision.swap(await stageDraft(draft, activeRevision, { pools, open, running: vitals.row, upstreams }, deadline));
  try {
    return await trials.run(trial, revision);
  } finally {
    revision.clear();
  }
}

async function takeOver(request: Extract<ThreadRequest, { kind: 'stage' | 'commit' | 'discard' }>): Promise<void> {
  if (request.kind === 'commit') {
    if (staged !== undefined) {
      const { held, upstreams: itsUpstreams } = staged.parts;
      itsUpstreams.begin();
      serving = staged.parts;
      activeRevision.swap(serving.revision);
      inspector.epoch = staged.snapshot.debugEpoch;
      exposed.show({ ...staged.snapshot, routes: () => Array.from(held.values(), ({ route }) => route) });
      vitals.countUpstreams(staged.snapshot.upstreamRows, () => upstreams.peers());
    }
    staged = undefined;
    return;
  }
  discard();
  if (request.kind === 'stage') {
    const { snapshot, isTried } = request;
    const open = openPools(starts.ofConfiguration(isTried));
    staged = { parts: await stageRevision(snapshot, serving, { pools, open, running: vitals.row, upstreams }), snapshot };
  }
}

function discard(): void {
  staged?.parts.revision.dispose();
  staged = undefined;
}

main.on('message', (call: ThreadCall) => {
  carryOut(call)
    .then((answer) => reply({ callId: call.callId, ok: true, ...answer }))
    // Also where the answer cannot be told.
    .catch((error: unknown) => reply({ callId: call.callId, ok: false, error: describe(error) }));
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
