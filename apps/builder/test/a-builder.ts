import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { BuildIntake, type BuildKeys, BuildLogReader, BuildQueues, buildKeys, type HoldTimes, holdTimes } from '@torii/build-queue';
import { BuildId, BuildJob, type BuildOutcome, languages } from '@torii/contracts';
import { connectRedis, createLogger } from '@torii/service-kit';
import { eventually, testRedis } from '@torii/test-kit';
import type { Redis } from 'ioredis';
import { type Builder, startBuilder } from '../src/builder.js';
import { parseBuilderEnv } from '../src/env.js';
import { ACompiler } from './a-compiler.js';
import { AControlPlane, nodeToken } from './a-control-plane.js';

export const silent = createLogger({ level: process.env.TEST_LOG ?? 'silent', app: 'test' });

/** For what waits until a hold has run out. The times that builders really use are waited for in killed.int.spec.ts. */
export const shortHold: HoldTimes = { lockMs: 6_000, lockRenewalMs: 1_000, stalledIntervalMs: 1_000 };
const abandonAfterMs = 500;

/** A queue, a control plane and builders around it. */
export class ABuilder {
  readonly compiler = new ACompiler();
  readonly controlPlane = new AControlPlane();
  readonly keyPrefix: string;
  readonly keys: BuildKeys;
  home = '';
  private readonly hold: HoldTimes;
  private readonly url: string;
  private connections: Redis[] = [];
  private queuesOrNone: BuildQueues | undefined;
  private logsOrNone: BuildLogReader | undefined;
  private builder: Builder | undefined;

  constructor({ redisUrl, hold = holdTimes }: { readonly redisUrl?: string; readonly hold?: HoldTimes } = {}) {
    const shared = testRedis();
    this.hold = hold;
    this.url = redisUrl ?? shared.url;
    this.keyPrefix = shared.keyPrefix;
    this.keys = buildKeys(this.keyPrefix);
  }

  get queues(): BuildQueues {
    return present(this.queuesOrNone);
  }

  get logs(): BuildLogReader {
    return present(this.logsOrNone);
  }

  get redis(): Redis {
    return present(this.connections[0]);
  }

  /** For commands, and to subscribe with. */
  get connected(): { redis: Redis; subscriber: Redis } {
    return { redis: this.redis, subscriber: present(this.connections[1]) };
  }

  get internalUrl(): string {
    return `http://127.0.0.1:${present(this.builder).port}`;
  }

  env(more: Readonly<Record<string, string>> = {}): Record<string, string> {
    return {
      REDIS_URL: this.url,
      TORII_REDIS_PREFIX: this.keyPrefix,
      TORII_CONTROL_PLANE_URL: this.controlPlane.url,
      TORII_NODE_TOKEN: nodeToken,
      TORII_BUILDER_PORT: '0',
      TORII_BUILD_SLOTS: '1',
      TORII_HOME: this.home,
      ...more,
    };
  }

  /** Everything but the builder. */
  async open(): Promise<void> {
    this.home = await mkdtemp(path.join(tmpdir(), 'torii-builder-'));
    await this.controlPlane.start();
    const redis = connectRedis(this.url, { name: 'test', log: silent, commandTimeoutMs: 20_000 });
    const subscriber = connectRedis(this.url, { name: 'test-subscriber', log: silent, commandTimeoutMs: 20_000 });
    this.connections = [redis, subscriber];
    await eventually(() => redis.status === 'ready' && subscriber.status === 'ready');
    this.queuesOrNone = new BuildQueues({ connection: redis, keys: this.keys });
    this.logsOrNone = new BuildLogReader({ redis, subscriber, keys: this.keys });
  }

  async start(more: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.home === '') await this.open();
    const compilers = { all: [this.compiler], close: () => Promise.resolve() };
    this.builder = await startBuilder(parseBuilderEnv(this.env(more)), silent, { compilers, hold: this.hold, abandonAfterMs });
  }

  async stopBuilder(): Promise<void> {
    await this.builder?.stop();
    this.builder = undefined;
  }

  async close(): Promise<void> {
    await this.stopBuilder();
    this.logsOrNone?.close();
    await this.queuesOrNone?.close();
    for (const connection of this.connections) connection.disconnect();
    await this.controlPlane.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  /** A job for a module of that text, which calls out `run` unless told otherwise. */
  job(source: string, changes: Partial<BuildJob> = {}): BuildJob {
    const language = changes.language ?? 'wat';
    const { entry } = languages[language];
    return BuildJob.parse({
      schemaVersion: 1,
      buildId: BuildId.parse(`bd_${randomUUID()}`),
      functionId: `fn_${randomUUID()}`,
      functionName: 'hello',
      version: 'dev',
      language,
      entry,
      functionNames: [],
      sourceSha256: this.controlPlane.addSources({ [entry]: source }),
      settings: {},
      ...changes,
    });
  }

  async add(job: BuildJob): Promise<BuildJob> {
    await this.queues.add(job);
    return job;
  }

  /** How the build ended, once it has. */
  outcome({ language, buildId }: BuildJob, timeoutMs = 90_000): Promise<BuildOutcome> {
    return eventually(
      async () => {
        const found = await this.queues.find(language, buildId);
        if (found.outcome === undefined) throw new Error(`the build is still ${found.state}: ${found.failedReason ?? ''}`);
        return found.outcome;
      },
      { timeoutMs },
    );
  }

  build(source: string, changes: Partial<BuildJob> = {}): Promise<BuildOutcome> {
    return this.add(this.job(source, changes)).then((job) => this.outcome(job));
  }

  async lines({ buildId }: BuildJob): Promise<string[]> {
    const entries = await this.logs.readAll(buildId);
    return entries.map(({ entry }) => (entry.type === 'line' ? entry.text : entry.type === 'stage' ? `[${entry.stage}]` : entry.type));
  }

  /** Takes builds as another builder would. */
  intake(): BuildIntake {
    const [redis, subscriber] = this.connections;
    return new BuildIntake({ redis: present(redis), subscriber: present(subscriber), keys: this.keys, onArrival: () => undefined });
  }
}

export function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('it was not started');
  return value;
}

/** A module that answers; `trouble` is what `ACompiler` is asked for. */
export function aSource(trouble = '', mark = ''): string {
  return `;; ${trouble}\n(module (func (export "run") (result i32) i32.const 0)) ;; ${mark}`;
}
