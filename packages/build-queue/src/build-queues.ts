import { type BuildId, type BuildJob, BuildOutcome, type LanguageName } from '@torii/contracts';
import { type Job, type JobState, Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { BuildKeys } from './build-keys.js';
import { buildQueueLimits } from './queue-limits.js';

export interface BuildQueuesOptions {
  /** Closed by whoever opened it. */
  readonly connection: Redis;
  readonly keys: BuildKeys;
}

export interface FoundBuild {
  readonly state: 'waiting' | 'active' | 'completed' | 'failed' | 'missing';
  /** Of a completed build; left out when it cannot be read, which is a fault of ours. */
  readonly outcome?: BuildOutcome;
  /** Of a failed one: the last error of ours. */
  readonly failedReason?: string;
  /** How often a builder took it. */
  readonly attempts: number;
}

/** The queues of builds, one per language, as the control plane sees them. Every method rejects while Redis is away. */
export class BuildQueues {
  private readonly queues = new Map<LanguageName, Queue>();
  private readonly options: BuildQueuesOptions;

  constructor(options: BuildQueuesOptions) {
    this.options = options;
  }

  /** Puts the build at the end of the queue of its language; does nothing when the queue has it, in whatever state. */
  async add(job: BuildJob): Promise<void> {
    const { connection, keys } = this.options;
    await this.queueOf(job.language).add('build', job, {
      jobId: job.buildId,
      attempts: buildQueueLimits.attemptsMax,
      backoff: { type: 'exponential', delay: buildQueueLimits.retryDelayMs },
      removeOnComplete: false,
      removeOnFail: false,
      stackTraceLimit: 1,
    });
    await connection.publish(keys.arrivals, job.language).catch(() => undefined); // builders look by themselves too
  }

  /**
   * Takes a build out of its queue unless a builder works on it. True when none did and none had finished it; false when
   * one does, or had finished it, or there is no such build.
   */
  async remove(language: LanguageName, buildId: BuildId): Promise<boolean> {
    const queue = this.queueOf(language);
    const job = await jobOf(queue, buildId);
    if (job === undefined) return false;
    const state = stateOf(await job.getState());
    // Answers 0 for a job that a builder holds.
    const isRemoved = (await queue.remove(buildId)) === 1;
    return isRemoved && state === 'waiting';
  }

  async find(language: LanguageName, buildId: BuildId): Promise<FoundBuild> {
    const job = await jobOf(this.queueOf(language), buildId);
    if (job === undefined) return { state: 'missing', attempts: 0 };
    const state = stateOf(await job.getState());
    const attempts = job.attemptsStarted;
    if (state === 'failed') return { state, attempts, failedReason: job.failedReason ?? '' };
    if (state !== 'completed') return { state, attempts };
    const outcome = await outcomeOf(this.queueOf(language), job, buildId);
    return { state, attempts, ...(outcome === undefined ? {} : { outcome }) };
  }

  /** Builds that the queue has and no builder works on, over or not: of each state the `max` that have been in it longest. */
  async idle(language: LanguageName, max: number): Promise<BuildId[]> {
    const ids = await this.queueOf(language).getRanges(['wait', 'delayed', 'completed', 'failed'], 0, max - 1, true);
    return ids as BuildId[];
  }

  async close(): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
    this.queues.clear();
  }

  private queueOf(language: LanguageName): Queue {
    const { connection, keys } = this.options;
    // BullMQ would wait for it without an end.
    if (connection.status !== 'ready') throw new Error('Redis is not connected');
    const known = this.queues.get(language);
    if (known !== undefined) return known;
    const queue = new Queue(keys.queueName(language), {
      connection,
      prefix: keys.queuePrefix,
      skipVersionCheck: true,
      streams: { events: { maxLen: buildQueueLimits.eventsMax } },
    });
    queue.on('error', () => undefined); // the connection's owner logs its errors
    this.queues.set(language, queue);
    return queue;
  }
}

async function jobOf(queue: Queue, buildId: BuildId): Promise<Job | undefined> {
  return (await queue.getJob(buildId)) ?? undefined;
}

function stateOf(state: JobState | 'unknown'): FoundBuild['state'] {
  switch (state) {
    case 'active':
    case 'completed':
    case 'failed':
      return state;
    case 'unknown':
      return 'missing';
    default:
      return 'waiting';
  }
}

/** The job may have been read before it completed: then it has no return value, and is read again. */
async function outcomeOf(queue: Queue, job: Job, buildId: BuildId): Promise<BuildOutcome | undefined> {
  const completed = job.returnvalue === null || job.returnvalue === undefined ? await jobOf(queue, buildId) : job;
  return BuildOutcome.safeParse(completed?.returnvalue).data;
}
