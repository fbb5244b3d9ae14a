import { randomUUID } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { hostname } from 'node:os';
import path from 'node:path';
import { BuilderRegistry, BuildIntake, buildKeys, type HoldTimes } from '@torii/build-queue';
import { ArtifactCache } from '@torii/config-sync';
import { BuilderId, type BuilderStatus, idPrefixes } from '@torii/contracts';
import { connectRedis, Lifecycle, type Logger, readOrCreateSecretFile, systemClock } from '@torii/service-kit';
import { Announcer } from './announcer.js';
import { BuildLoop } from './builds/build-loop.js';
import { WorkFolders } from './builds/work-folders.js';
import { type ClaimedFolder, claimFolder, claimFreeFolder } from './claimed-folder.js';
import { type Compilers, createCompilers } from './compilers/index.js';
import { ControlPlaneClient } from './control-plane/control-plane-client.js';
import { egressSettings } from './egress-settings.js';
import type { Env } from './env.js';
import { InternalServer } from './http/internal-server.js';
import { LanguageWatch } from './languages/language-watch.js';
import { Languages } from './languages/languages.js';
import { BuilderMetrics } from './metrics.js';
import { createRunner, type RunnerLimits } from './run/runner.js';

const redisCommandTimeoutMs = 3_000;
const controlPlaneTimeoutMs = 30_000;

export interface Builder {
  readonly port: number;
  readonly slots: number;
  /** Gives the builds under way their time, hands the others back, then closes everything. */
  stop(): Promise<void>;
}

/** What tests put in place of a builder's own. */
export interface GivenParts {
  readonly compilers?: Compilers;
  readonly hold?: HoldTimes;
  /** What a compiler gets to end after it was told to. */
  readonly abandonAfterMs?: number;
}

/**
 * Builds a builder by hand, part by part, and starts it. Rejects when its port cannot be had, or another builder has its
 * folder; needs neither Redis nor a control plane to start.
 */
export async function startBuilder(env: Env, log: Logger, given: GivenParts = {}): Promise<Builder> {
  const lifecycle = new Lifecycle(log);
  try {
    const state = claimState(env);
    lifecycle.onClose('state folder', () => state.release());
    log.debug({ folder: state.path }, 'state folder');
    const compilers = given.compilers ?? createCompilers(env, state.path);
    lifecycle.onClose('compilers', () => compilers.close());
    return await open({ ...given, env, log, compilers, lifecycle, stateFolder: state.path });
  } catch (error) {
    await lifecycle.close();
    throw error;
  }
}

interface Parts extends GivenParts {
  readonly env: Env;
  readonly log: Logger;
  readonly compilers: Compilers;
  readonly lifecycle: Lifecycle;
  /** Of this builder alone; absolute. */
  readonly stateFolder: string;
}

function runnerLimits(env: Env): Partial<RunnerLimits> {
  return {
    runsMax: env.TORII_RUN_SLOTS,
    queuedMax: env.TORII_RUN_QUEUE_MAX,
    queueWaitMs: env.TORII_RUN_QUEUE_WAIT_MS,
    prepareTimeoutMs: env.TORII_PREPARE_TIMEOUT_MS,
    startTimeoutMs: env.TORII_RUN_START_TIMEOUT_MS,
    guestMemoryMaxBytes: env.TORII_RUN_MEMORY_BYTES,
  };
}

function claimState({ TORII_BUILDER_STATE, TORII_HOME }: Env): ClaimedFolder {
  return TORII_BUILDER_STATE === undefined ? claimFreeFolder(path.resolve(TORII_HOME, 'builder')) : claimFolder(path.resolve(TORII_BUILDER_STATE));
}

async function open({ env, log, compilers, lifecycle, stateFolder, hold, abandonAfterMs }: Parts): Promise<Builder> {
  // A builder that starts again is another one: nothing of the last is left but what others take over.
  const id = BuilderId.parse(`${idPrefixes.builder}_${randomUUID()}`);
  const clock = systemClock;
  const slots = env.TORII_BUILD_SLOTS;
  const queueUrl = env.TORII_QUEUE_REDIS_URL ?? env.REDIS_URL;
  const redis = connectRedis(queueUrl, { name: 'builds', log, commandTimeoutMs: redisCommandTimeoutMs });
  const subscriber = connectRedis(queueUrl, { name: 'build-rings', log, commandTimeoutMs: redisCommandTimeoutMs });
  lifecycle.onClose('redis', () => {
    redis.disconnect();
    subscriber.disconnect();
  });

  const nodeToken = env.TORII_NODE_TOKEN ?? (await readOrCreateSecretFile(path.join(env.TORII_HOME, 'node-token')));
  const controlPlane = new ControlPlaneClient({ url: env.TORII_CONTROL_PLANE_URL, nodeToken, timeoutMs: controlPlaneTimeoutMs });
  const artifacts = new ArtifactCache({
    directory: path.join(stateFolder, 'artifacts'),
    maxBytes: env.TORII_BUILDER_CACHE_BYTES,
    controlPlaneUrl: env.TORII_CONTROL_PLANE_URL,
    nodeToken,
    fetchTimeoutMs: controlPlaneTimeoutMs,
    log,
  });
  const egress = egressSettings(env);
  for (const [host, origin] of egress.overrides) log.warn({ host, origin }, 'outbound calls are overridden');
  const runner = createRunner({ log, artifacts, egress, limits: runnerLimits(env) });
  lifecycle.onClose('runner', () => runner.close());
  const folders = new WorkFolders(path.resolve(env.TORII_HOME, 'builds'), id, log);
  await folders.open();
  lifecycle.onClose('work folders', () => folders.close());

  const keys = buildKeys(env.TORII_REDIS_PREFIX);
  const metrics = new BuilderMetrics();
  const languages = new Languages(compilers.all);
  const intake = new BuildIntake({ redis, subscriber, keys, onArrival: () => loop.ring(), hold });
  const loop: BuildLoop = new BuildLoop({
    intake,
    languages,
    redis,
    subscriber,
    keys,
    slots,
    timeoutMs: env.TORII_BUILD_TIMEOUT_MS,
    deps: {
      controlPlane,
      artifacts,
      runner,
      folders,
      limits: { memoryMaxBytes: env.TORII_BUILD_MEMORY_BYTES, outputMaxBytes: env.TORII_BUILD_OUTPUT_BYTES },
      abandonAfterMs,
      clock,
    },
    metrics,
    clock,
    log,
    onChange: () => announcer.announceNow(),
  });

  const isRedisReady = (): boolean => redis.status === 'ready';
  const server = new InternalServer({
    readiness: () => ({
      isReady: isRedisReady() && languages.available.length > 0,
      checks: { redis: { ok: isRedisReady() }, languages: { ok: languages.available.length > 0, available: languages.available } },
    }),
    metrics: () => metrics.text({ running: loop.runningCount, slots, isRedisConnected: isRedisReady(), available: languages.available }),
    runner,
    token: nodeToken,
    log,
  });
  const port = await server.listen(env.TORII_BUILDER_HOST, env.TORII_BUILDER_PORT);
  lifecycle.onClose('internal server', () => server.close());

  const host = isIPv6(env.TORII_BUILDER_HOST) ? `[${env.TORII_BUILDER_HOST}]` : env.TORII_BUILDER_HOST;
  const internalUrl = env.TORII_BUILDER_URL ?? `http://${host}:${port}`;
  const status = (): BuilderStatus => ({
    id,
    host: hostname(),
    internalUrl,
    languages: [...languages.all],
    running: loop.runningCount,
    slots,
    at: clock.date().toISOString(),
  });
  const announcer = new Announcer(new BuilderRegistry(redis, keys), status, log);
  const watch = new LanguageWatch({
    languages,
    intake,
    log,
    onChange: () => {
      announcer.announceNow();
      loop.ring();
    },
    onLook: () => folders.sweep(),
  });
  lifecycle.onClose('queue', () => intake.closeAll());
  await watch.start();
  loop.start();
  redis.on('ready', () => announcer.announceNow());
  announcer.start();
  lifecycle.onClose('builds', async () => {
    watch.stop();
    await announcer.stop();
    await loop.stop(env.TORII_BUILD_DRAIN_MS);
  });
  return { port, slots, stop: () => lifecycle.close() };
}
