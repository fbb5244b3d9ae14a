import { Inject, Injectable } from '@nestjs/common';
import { BuildCancellation, BuildLogReader, BuildQueues } from '@torii/build-queue';
import { type BuildId, type BuildStage, LanguageName } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import { z } from 'zod';
import type { Env } from '../env.js';
import { removeUnusedTrees } from '../functions/source-store.js';
import { CLOCK, ENV, LOGGER } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { RevisionsService } from '../snapshots/revisions.service.js';
import { BuildDispatcher } from './build-dispatcher.service.js';
import { BuildRecorder, internalFailure } from './build-recorder.service.js';
import { isFinished, lockUnfinished, pruneBuilds, unfinished } from './builds.queries.js';
import { FinishedBuilds } from './finished-builds.js';

/** Jobs of one language, in one state, that are looked at together. */
const leftoversMax = 500;

const ProgressRows = z.array(z.object({ isCancelled: z.boolean() }));

interface Row {
  readonly id: string;
  readonly functionId: string;
  readonly status: string;
  readonly cancelledAt: Date | null;
}

/** What a builder says of a build that goes on. */
export interface BuildProgress {
  readonly stage?: BuildStage;
  readonly attempts?: number;
}

/** Brings the row of a build to where its job is; whatever was missed, and as often as it is asked. */
@Injectable()
export class BuildSettler {
  constructor(
    private readonly prisma: PrismaService,
    private readonly queues: BuildQueues,
    private readonly recorder: BuildRecorder,
    private readonly dispatcher: BuildDispatcher,
    private readonly cancellation: BuildCancellation,
    private readonly logs: BuildLogReader,
    private readonly finished: FinishedBuilds,
    private readonly revisions: RevisionsService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** Rejects when Redis or the database is away. */
  async settle(buildId: BuildId, language: LanguageName): Promise<void> {
    const row = await this.prisma.build.findUnique({
      where: { id: buildId },
      select: { id: true, functionId: true, status: true, cancelledAt: true },
    });
    // Its end is recorded, or it went with its function: then its job is of no more use.
    if (row === null || isFinished(row.status)) return this.clear(buildId, language);
    const found = await this.queues.find(language, buildId);
    switch (found.state) {
      case 'completed':
        await this.recorder.record(buildId, found.outcome ?? internalFailure('the builder reported an outcome that cannot be read', found.attempts));
        return this.finish(row, language);
      case 'failed':
        await this.recorder.record(buildId, internalFailure(lastError(found.failedReason), found.attempts));
        return this.finish(row, language);
      case 'active':
        return this.progress(buildId, { attempts: found.attempts });
      case 'waiting':
        return row.cancelledAt === null ? undefined : this.cancel(row, language);
      case 'missing':
        return row.cancelledAt === null ? this.putBack(row) : this.cancel(row, language);
    }
  }

  /**
   * Notes how far a build is; one that is over stays as it is. One that is no more there, or is to be cancelled, is asked
   * to end, as often as this is called: Redis may have forgotten it.
   */
  async progress(buildId: BuildId, { stage, attempts = 1 }: BuildProgress): Promise<void> {
    const rows = await this.prisma.$queryRaw`
      UPDATE builds SET status = 'running', stage = COALESCE(${stage ?? null}::text, stage),
        started_at = COALESCE(started_at, ${this.clock.date().toISOString()}::timestamptz), attempts = GREATEST(attempts, ${attempts}::int)
      WHERE id = ${buildId} AND status IN ('queued', 'running')
      RETURNING cancelled_at IS NOT NULL AS "isCancelled"`;
    const [row] = ProgressRows.parse(rows);
    const isGone = row === undefined && (await this.prisma.build.count({ where: { id: buildId } })) === 0;
    if (isGone || row?.isCancelled === true) await this.cancellation.request(buildId);
  }

  /** What is to be done when a build is over: the next one gets its turn. */
  async finish(row: Pick<Row, 'id' | 'functionId'>, language: LanguageName): Promise<void> {
    await this.clear(row.id as BuildId, language);
    await this.dispatcher.dispatch(row.functionId);
    await this.prune(row.functionId);
  }

  /**
   * Takes jobs away whose build is over or gone: whoever wrote that down may have died before it could, and a function that
   * is deleted leaves its builds in the queue. Some at a time, the oldest first. Rejects when Redis or the database is away.
   */
  async clearLeftovers(language: LanguageName): Promise<void> {
    const queued = await this.queues.idle(language, leftoversMax);
    if (queued.length === 0) return;
    const rows = await this.prisma.build.findMany({ where: { id: { in: queued }, status: { in: [...unfinished] } }, select: { id: true } });
    const goingOn = new Set(rows.map(({ id }) => id));
    for (const buildId of queued) if (!goingOn.has(buildId)) await this.clear(buildId, language);
  }

  private async prune(functionId: string): Promise<void> {
    const kept = this.env.builds.keptPerFunction;
    const finished = await this.prisma.build.count({ where: { functionId, status: { notIn: [...unfinished] } } });
    if (finished <= kept) return;
    await this.prisma.$transaction(async (tx) => {
      await this.revisions.lock(tx); // as whoever stores sources does: none is removed that is just taken into use
      await removeUnusedTrees(tx, await pruneBuilds(tx, functionId, kept));
    });
  }

  private async clear(buildId: BuildId, language: LanguageName): Promise<void> {
    await this.queues.remove(language, buildId);
    await this.logs.expire(buildId);
  }

  /** The job is gone although the build is not over: Redis lost it, or it was never put there. */
  private async putBack(row: Row): Promise<void> {
    if (row.status === 'running') {
      this.log.warn({ build: row.id }, 'build lost by the queue, queued again');
      await this.prisma.build.updateMany({ where: { id: row.id, status: 'running' }, data: { status: 'queued', stage: 'queued' } });
    }
    await this.dispatcher.dispatch(row.functionId);
  }

  /**
   * A build that was to end came back from a builder that died, and need not wait for the next one; or the queue has lost
   * it, and with it the builder that would have ended it.
   */
  private async cancel(row: Row, language: LanguageName): Promise<void> {
    const buildId = row.id as BuildId;
    const isEnded = await this.prisma.$transaction(async (tx) => {
      const build = await lockUnfinished(tx, row.id);
      if (build === undefined || !(await this.isOutOfTheQueue(buildId, language))) return false;
      await this.recorder.cancel(tx, build);
      return true;
    });
    if (!isEnded) return;
    this.finished.announce(buildId);
    await this.finish(row, language);
  }

  /** False when a builder has taken it meanwhile. */
  private async isOutOfTheQueue(buildId: BuildId, language: LanguageName): Promise<boolean> {
    const { state } = await this.queues.find(language, buildId);
    return state === 'missing' || (state === 'waiting' && (await this.queues.remove(language, buildId)));
  }
}

function lastError(reason: string | undefined): string {
  const said = reason === undefined || reason === '' ? '' : `; the last time: ${reason}`;
  return `the build was tried and failed through a fault that is not in its source${said}: build again, and look at the builder's log`.slice(
    0,
    8_000,
  );
}
