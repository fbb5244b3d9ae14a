import { randomUUID } from 'node:crypto';
import { BuildJob, type LanguageName } from '@torii/contracts';
import { type Job, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { BuildKeys } from './build-keys.js';
import { listenTo } from './channel.js';
import { type HoldTimes, holdTimes } from './hold-times.js';
import { buildQueueLimits } from './queue-limits.js';
import { TakenBuild } from './taken-build.js';

export interface BuildIntakeOptions {
  readonly redis: Redis;
  /** Subscribed, so it answers nothing else. Both are closed by whoever opened them. */
  readonly subscriber: Redis;
  readonly keys: BuildKeys;
  /** Called when a build may be waiting: one was added, or Redis is back. */
  readonly onArrival: () => void;
  /** Tests do not wait for as long as builders do. */
  readonly hold?: HoldTimes | undefined;
}

/**
 * Takes builds out of the queues of the languages that are open, one at a time and only when asked: a builder without a
 * free slot leaves them to others. Every open language also looks for builds whose builder died, and puts them back.
 */
export class BuildIntake {
  private readonly workers = new Map<LanguageName, Worker>();
  private readonly stopListening: () => void;
  private readonly options: BuildIntakeOptions;
  private readonly hold: HoldTimes;

  constructor(options: BuildIntakeOptions) {
    this.options = options;
    this.hold = options.hold ?? holdTimes;
    const { subscriber, keys, onArrival } = options;
    this.stopListening = listenTo(subscriber, keys.arrivals, { onMessage: onArrival, onSubscribed: onArrival });
  }

  /** Does nothing when the language is open. */
  open(language: LanguageName): void {
    if (this.workers.has(language)) return;
    const { redis, keys, onArrival } = this.options;
    const worker = new Worker(keys.queueName(language), null, {
      connection: redis,
      prefix: keys.queuePrefix,
      autorun: false,
      skipVersionCheck: true,
      lockDuration: this.hold.lockMs,
      stalledInterval: this.hold.stalledIntervalMs,
      maxStalledCount: buildQueueLimits.stalledMax,
    });
    worker.on('error', () => undefined); // the connection's owner logs its errors
    worker.on('stalled', onArrival);
    this.workers.set(language, worker);
    void worker.startStalledCheckTimer().catch(() => undefined);
  }

  /** Takes no more of it; builds already taken go on. */
  async close(language: LanguageName): Promise<void> {
    const worker = this.workers.get(language);
    this.workers.delete(language);
    await worker?.close(true);
  }

  async closeAll(): Promise<void> {
    this.stopListening();
    await Promise.all([...this.workers.keys()].map((language) => this.close(language)));
  }

  /** The build that has waited longest, if there is one. Rejects while Redis is away, and when the language is not open. */
  async take(language: LanguageName): Promise<TakenBuild | undefined> {
    const worker = this.workers.get(language);
    if (worker === undefined) throw new Error(`${language} is not open`);
    if (this.options.redis.status !== 'ready') throw new Error('Redis is not connected');
    const token = randomUUID();
    const queued = (await worker.getNextJob(token, { block: false })) as Job | undefined;
    if (queued === undefined) return undefined;
    const job = BuildJob.safeParse(queued.data);
    const taken = new TakenBuild(job.success ? job.data : queued.data, { queued, token, hold: this.hold });
    if (job.success) return taken;
    await taken.giveUp(`this builder cannot read the job: ${job.error.issues[0]?.message ?? ''}`).finally(() => taken.abandon());
    return this.take(language);
  }
}
