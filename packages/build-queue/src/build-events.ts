import { type BuildId, BuildOutcome, BuildStage, type LanguageName, languageNames } from '@torii/contracts';
import { QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import type { BuildKeys } from './build-keys.js';

export interface BuildEventsOptions {
  /** Only copied, for connections of its own, one per language: reading events blocks them. */
  readonly connection: Redis;
  readonly keys: BuildKeys;
  /** All when left out. */
  readonly languages?: readonly LanguageName[];
}

export interface BuildEvent {
  readonly buildId: BuildId;
  readonly language: LanguageName;
}
export interface BuildEventMap {
  /** A builder took it. */
  readonly active: BuildEvent;
  readonly stage: BuildEvent & { readonly stage: BuildStage; readonly attempts: number };
  /** Left out: an outcome that cannot be read. */
  readonly completed: BuildEvent & { readonly outcome?: BuildOutcome };
  /** Every attempt failed through a fault of ours, or it ended builder after builder. */
  readonly failed: BuildEvent & { readonly failedReason: string };
}
type Listeners = { readonly [Name in keyof BuildEventMap]: Set<(event: BuildEventMap[Name]) => void> };

/** What builders say of the stage they are in. */
export const BuildProgress = z.strictObject({ stage: BuildStage, attempts: z.int() });
export type BuildProgress = z.infer<typeof BuildProgress>;

const blockMs = 5_000;

/**
 * What happens to builds, on whichever builder, from now on. Goes on by itself after Redis was away; what happened
 * meanwhile is told then, unless Redis lost it: whoever must know asks `BuildQueues.find` from time to time.
 */
export class BuildEvents {
  private readonly listeners: Listeners = { active: new Set(), stage: new Set(), completed: new Set(), failed: new Set() };
  private readonly template: Redis;
  /** What BullMQ reads with: it waits for them to connect before it closes them, which may be never. */
  private readonly copies: Redis[] = [];
  private readonly streams: readonly QueueEvents[];

  constructor({ connection, keys, languages = languageNames }: BuildEventsOptions) {
    // A read waits for seconds, on a connection that must not give it up meanwhile, nor its first try to connect.
    this.template = connection.duplicate({
      connectionName: 'torii-build-events',
      maxRetriesPerRequest: null,
      enableOfflineQueue: true,
      commandTimeout: 3 * blockMs,
      socketTimeout: 3 * blockMs,
    });
    this.template.on('error', () => undefined); // the given connection's owner logs the same
    const duplicate = this.template.duplicate.bind(this.template);
    this.template.duplicate = (options) => {
      const copy = duplicate(options);
      this.copies.push(copy);
      return copy;
    };
    this.streams = languages.map((language) => this.open(language, keys));
  }

  /** Answers what ends it. A listener must not throw. */
  on<Name extends keyof BuildEventMap>(name: Name, listener: (event: BuildEventMap[Name]) => void): () => void {
    const listeners: Set<(event: BuildEventMap[Name]) => void> = this.listeners[name];
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  async close(): Promise<void> {
    const isConnected = this.copies.every(({ status }) => status === 'ready');
    const closing = this.streams.map((stream) => stream.close().catch(() => undefined));
    for (const copy of [...this.copies, this.template]) copy.disconnect();
    // One that never connected would be waited for without an end.
    if (isConnected) await Promise.all(closing);
  }

  private open(language: LanguageName, keys: BuildKeys): QueueEvents {
    const stream = new QueueEvents(keys.queueName(language), {
      connection: this.template,
      prefix: keys.queuePrefix,
      skipVersionCheck: true,
      blockingTimeout: blockMs,
    });
    stream.on('error', () => undefined);
    stream.on('active', ({ jobId }) => this.tell('active', { buildId: jobId as BuildId, language }));
    stream.on('progress', ({ jobId, data }) => {
      const progress = BuildProgress.safeParse(data).data;
      if (progress !== undefined) this.tell('stage', { buildId: jobId as BuildId, language, ...progress });
    });
    stream.on('completed', ({ jobId, returnvalue }) => {
      const outcome = BuildOutcome.safeParse(returnvalue).data;
      this.tell('completed', { buildId: jobId as BuildId, language, ...(outcome === undefined ? {} : { outcome }) });
    });
    stream.on('failed', ({ jobId, failedReason }) => this.tell('failed', { buildId: jobId as BuildId, language, failedReason }));
    return stream;
  }

  private tell<Name extends keyof BuildEventMap>(name: Name, event: BuildEventMap[Name]): void {
    const listeners: Set<(event: BuildEventMap[Name]) => void> = this.listeners[name];
    for (const listener of listeners) listener(event);
  }
}
