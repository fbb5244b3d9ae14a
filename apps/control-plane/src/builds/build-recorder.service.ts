import { Inject, Injectable } from '@nestjs/common';
import { BuildLogReader } from '@torii/build-queue';
import {
  AppError,
  type BuildErrorCode,
  type BuildId,
  type BuildOutcome,
  BuildStage,
  type BuildStatus,
  Follower,
  LanguageName,
} from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { Env } from '../env.js';
import { FunctionVersions } from '../functions/function-versions.js';
import { Answer } from '../http/answer.js';
import type { RequestContext } from '../http/request-context.js';
import { CLOCK, ENV, LOGGER } from '../platform/tokens.js';
import { databaseError } from '../prisma/database-error.js';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';
import { ConfigWriter, type Write } from '../writes/config-writer.service.js';
import { BuildCacheService } from './build-cache.service.js';
import { lockUnfinished } from './builds.queries.js';
import { FinishedBuilds } from './finished-builds.js';
import { completeLog, keepLog, type NumberedEntry } from './kept-log.js';
import { storableOutcome } from './storable-outcome.js';

type LockedBuild = NonNullable<Awaited<ReturnType<typeof lockUnfinished>>>;
type Succeeded = Extract<BuildOutcome, { status: 'succeeded' }>;

interface Ending {
  readonly outcome: BuildOutcome;
  readonly followers: readonly Follower[];
  readonly said: readonly NumberedEntry[];
  readonly now: Date;
}

/**
 * Writes how a build ended, once, whoever finds out how often and on how many control planes: outcome, log, version and
 * what follows from it are one transaction, on a row that is not over yet.
 */
@Injectable()
export class BuildRecorder {
  constructor(
    private readonly prisma: PrismaService,
    private readonly writer: ConfigWriter,
    private readonly versions: FunctionVersions,
    private readonly cache: BuildCacheService,
    private readonly logs: BuildLogReader,
    private readonly finished: FinishedBuilds,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /**
   * True when this call ended the build; false when it was over, or is not there. A version that cannot be made, or not in
   * time, ends it as failed. Throws when Redis or the database is away: then nothing is written, and it may be tried again.
   */
  async record(buildId: BuildId, reported: BuildOutcome): Promise<boolean> {
    const outcome = storableOutcome(reported);
    const said = await this.logs.readAll(buildId);
    const isNew = outcome.status === 'succeeded' ? await this.publish(buildId, outcome, said) : await this.end(buildId, outcome, said);
    if (isNew) this.log.info({ build: buildId, status: outcome.status }, 'build recorded');
    this.finished.announce(buildId);
    return isNew;
  }

  /** Ends a build that no builder has begun, inside the transaction that holds it. */
  async cancel(tx: Transaction, build: LockedBuild): Promise<void> {
    const outcome: BuildOutcome = { status: 'cancelled', timings: {}, warnings: [], attempts: build.attempts };
    const said = await this.logs.readAll(build.id as BuildId).catch(() => []);
    await write(tx, build, { outcome, followers: [], said, now: this.clock.date() });
  }

  private async publish(buildId: BuildId, outcome: Succeeded, said: readonly NumberedEntry[]): Promise<boolean> {
    const timeoutMs = this.env.builds.publishTimeoutMs;
    let isNew = false;
    const askedMs = performance.now();
    let begunMs: number | undefined;
    const work = async (change: Write): Promise<Answer> => {
      begunMs = performance.now();
      const build = await lockUnfinished(change.tx, buildId);
      isNew = build !== undefined;
      if (build === undefined) return new Answer(204, undefined);
      const followers = await this.makeVersion(change, build, outcome);
      await this.cache.remember(change.tx, outcome, change.now);
      await write(change.tx, build, { outcome, followers, said, now: change.now });
      return new Answer(204, undefined);
    };
    try {
      await this.writer.run(await this.contextOf(buildId), undefined, work, { timeoutMs });
      return isNew;
    } catch (error) {
      const failure = failureOf(error, { askedMs, begunMs, failedMs: performance.now(), timeoutMs });
      if (failure === undefined) throw error;
      this.log.warn({ err: error, build: buildId }, 'build made no version');
      const { timings, warnings, attempts, toolchain } = outcome;
      const error_ = { ...failure, diagnostics: [] };
      return this.end(buildId, { status: 'failed', error: error_, toolchain, timings, warnings, attempts }, said);
    }
  }

  private async makeVersion(change: Write, build: LockedBuild, outcome: Succeeded): Promise<Follower[]> {
    const artifact = await change.tx.artifact.count({ where: { sha256: outcome.sha256 } });
    if (artifact === 0) throw new AppError('client.invalid', { detail: 'the builder has not stored the module that it made' });
    return this.versions.publish(change, {
      functionId: build.functionId,
      version: build.version,
      sha256: outcome.sha256,
      language: LanguageName.parse(build.language),
      toolchain: outcome.toolchain,
      sourceSha256: build.sourceSha256,
      buildId: build.id as BuildId,
    });
  }

  private async end(buildId: BuildId, outcome: BuildOutcome, said: readonly NumberedEntry[]): Promise<boolean> {
    return this.prisma.$transaction(async (tx) => {
      const build = await lockUnfinished(tx, buildId);
      if (build === undefined) return false;
      await write(tx, build, { outcome, followers: [], said, now: this.clock.date() });
      return true;
    });
  }

  /** What a build changes is changed by whoever asked for the build. */
  private async contextOf(buildId: BuildId): Promise<RequestContext> {
    const row = await this.prisma.build.findUnique({ where: { id: buildId }, select: { actor: true } });
    return {
      requestId: buildId,
      actor: row?.actor ?? 'control-plane',
      scopes: [],
      idempotencyKey: undefined,
      ifMatch: undefined,
      ifNoneMatch: undefined,
      method: 'BUILD',
      path: `/api/v1/builds/${buildId}`,
    };
  }
}

/** A build that ended through no fault of its source. */
export function internalFailure(detail: string, attempts: number): BuildOutcome {
  const code: BuildErrorCode = 'build.internal';
  return { status: 'failed', error: { code, detail, diagnostics: [] }, toolchain: null, timings: {}, warnings: [], attempts };
}

async function write(tx: Transaction, build: LockedBuild, { outcome, followers, said, now }: Ending): Promise<void> {
  const status: BuildStatus = outcome.status;
  const stage: BuildStage = 'done';
  await tx.build.update({
    where: { id: build.id },
    data: {
      status,
      stage,
      outcome: outcome as Prisma.InputJsonObject,
      followers: followers as unknown as Prisma.InputJsonArray,
      log: keepLog(completeLog(said, { at: now, status })),
      attempts: Math.max(build.attempts, outcome.attempts),
      startedAt: build.startedAt ?? (outcome.attempts > 0 ? now : null),
      finishedAt: now,
    },
  });
}

interface Unpublishable {
  readonly code: BuildErrorCode;
  readonly detail: string;
}

interface Course {
  readonly askedMs: number;
  /** Undefined when it did not come to that, for the writes before it. */
  readonly begunMs: number | undefined;
  readonly failedMs: number;
  readonly timeoutMs: number;
}

/** Why a version could not be made; undefined when it may be made if tried again. */
function failureOf(error: unknown, { askedMs, begunMs, failedMs, timeoutMs }: Course): Unpublishable | undefined {
  if (begunMs === undefined) return undefined;
  // What is asked of a transaction as its time runs out may fail in any way: from then on the error says nothing.
  if (failedMs - askedMs < timeoutMs) return unpublishable(error);
  // Tried again it would only keep other writes waiting once more, unless it was waiting for them itself.
  return failedMs - begunMs > timeoutMs / 2 ? tooSlow(timeoutMs) : undefined;
}

function tooSlow(timeoutMs: number): Unpublishable {
  const detail =
    `the module was built, but the plugins that follow the function could not be given the version within ${timeoutMs} ms: ` +
    'have fewer plugins follow it, or raise TORII_BUILD_PUBLISH_TIMEOUT_MS, then build again';
  return { code: 'build.internal', detail };
}

/** What an error says of a version that can never be made. */
function unpublishable(error: unknown): Unpublishable | undefined {
  if (databaseError(error) !== undefined) return undefined;
  const known = AppError.from(error);
  if (known.owner === 'capacity' || (known.owner === 'platform' && known.code !== 'platform.internal')) return undefined;
  return { code: 'build.internal', detail: `the module was built, but no version could be made of it: ${known.message}`.slice(0, 8_000) };
}
