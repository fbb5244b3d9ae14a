import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type BuildEvent, BuildEvents } from '@torii/build-queue';
import { type BuildId, type LanguageName, languageNames } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import { LOGGER, QUEUE_REDIS } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { type BuildProgress, BuildSettler } from './build-settler.service.js';
import { type Head, headsAfter } from './builds.queries.js';

/** How often to compare the builds that are not over with the queue: events may be missed, Redis may have been emptied. */
const reconcileIntervalMs = 15_000;
/** Sooner when something failed. */
const retryIntervalMs = 1_000;
const pageSize = 500;
/** Builds looked at, and recorded, at a time. */
const concurrency = 4;

interface Pending extends BuildProgress {
  readonly buildId: BuildId;
  readonly language: LanguageName;
  readonly isOver: boolean;
}

/**
 * Follows what builders do and brings it to the database: by their events at once, and by comparing every few seconds, so
 * that an event that is missed costs time and nothing else. Several control planes may do the same side by side.
 */
@Injectable()
export class BuildOutcomesListener implements OnApplicationBootstrap, OnApplicationShutdown {
  /** The newest of each build, so that a flood of events grows no queue beyond the builds there are. */
  private readonly pending = new Map<BuildId, Pending>();
  /** Of which something is being written: the next of theirs waits, so that they stay in order. */
  private readonly busy = new Set<BuildId>();
  private readonly workers = new Set<Promise<void>>();
  private readonly endings: (() => void)[] = [];
  private timer: NodeJS.Timeout | undefined;
  private reconciling: Promise<void> | undefined;
  private isClosed = false;
  private hasFailed = false;

  constructor(
    private readonly prisma: PrismaService,
    private readonly events: BuildEvents,
    private readonly settler: BuildSettler,
    @Inject(QUEUE_REDIS) private readonly redis: Redis,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.endings.push(
      this.events.on('active', (event) => this.note({ ...event, isOver: false })),
      this.events.on('stage', (event) => this.note({ ...event, isOver: false })),
      this.events.on('completed', (event) => this.note({ ...idsOf(event), isOver: true })),
      this.events.on('failed', (event) => this.note({ ...idsOf(event), isOver: true })),
    );
    this.redis.on('ready', this.reconcileSoon);
    this.reconcileIn(0);
  }

  /** After the last request is served; waits for what is being recorded. */
  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.redis.off('ready', this.reconcileSoon);
    for (const end of this.endings) end();
    this.pending.clear(); // what is not recorded yet is found by whoever starts next
    await Promise.all([this.reconciling, ...this.workers]);
  }

  private note(event: Pending): void {
    if (this.isClosed) return;
    const known = this.pending.get(event.buildId);
    this.pending.set(event.buildId, { ...known, ...event, isOver: event.isOver || known?.isOver === true });
    if (this.workers.size >= concurrency) return;
    const worker = this.work().finally(() => this.workers.delete(worker));
    this.workers.add(worker);
  }

  private async work(): Promise<void> {
    for (const [buildId, event] of this.pending) {
      // What comes in for a busy build is put at the end, where the worker that is busy with it comes by.
      if (this.busy.has(buildId)) continue;
      this.pending.delete(buildId);
      this.busy.add(buildId);
      try {
        if (event.isOver) await this.settler.settle(buildId, event.language);
        else await this.settler.progress(buildId, event);
      } catch (error) {
        this.failed(error);
      } finally {
        this.busy.delete(buildId);
      }
    }
  }

  private readonly reconcileSoon = (): void => this.reconcileIn(0);

  private reconcileIn(delayMs: number): void {
    clearTimeout(this.timer);
    if (this.isClosed) return;
    this.timer = setTimeout(() => {
      this.reconciling ??= this.reconcile().finally(() => {
        this.reconciling = undefined;
        this.reconcileIn(this.hasFailed ? retryIntervalMs : reconcileIntervalMs);
      });
    }, delayMs);
  }

  private async reconcile(): Promise<void> {
    const hadFailed = this.hasFailed;
    this.hasFailed = false;
    try {
      for (let after = ''; !this.isClosed; ) {
        const heads = await headsAfter(this.prisma, after, pageSize);
        for (let start = 0; start < heads.length && !this.isClosed; start += concurrency) {
          await Promise.all(heads.slice(start, start + concurrency).map((head) => this.compare(head, hadFailed)));
        }
        after = heads.at(-1)?.functionId ?? after;
        if (heads.length < pageSize) break;
      }
      for (const language of languageNames) if (!this.isClosed) await this.settler.clearLeftovers(language);
      if (hadFailed && !this.hasFailed) this.log.info('builds are followed again');
    } catch (error) {
      this.failed(error, hadFailed);
    }
  }

  /** One build that cannot be settled keeps no other from it. */
  private async compare({ id, language }: Head, hadFailed: boolean): Promise<void> {
    await this.settler.settle(id, language).catch((error: unknown) => this.failed(error, hadFailed || this.hasFailed));
  }

  private failed(error: unknown, isKnown = this.hasFailed): void {
    if (!isKnown && !this.isClosed) this.log.warn({ err: error }, 'builds cannot be followed, trying again');
    const isFirst = !this.hasFailed;
    this.hasFailed = true;
    if (isFirst && this.reconciling === undefined) this.reconcileIn(retryIntervalMs);
  }
}

function idsOf({ buildId, language }: BuildEvent): BuildEvent {
  return { buildId, language };
}
