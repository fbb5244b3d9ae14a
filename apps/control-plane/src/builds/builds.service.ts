import { Inject, Injectable } from '@nestjs/common';
import { BuildCancellation, type BuildKeys, BuildLogWriter, BuildQueues } from '@torii/build-queue';
import {
  AppError,
  type Build,
  type BuilderStatus,
  BuildId,
  BuildJob,
  BuildRequest,
  defaultWorkspace,
  type FunctionEntity,
  idPrefixes,
  LanguageName,
  type List,
} from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { Redis } from 'ioredis';
import { v7 } from 'uuid';
import { z } from 'zod';
import { AuditService } from '../audit/audit.service.js';
import type { Env } from '../env.js';
import { knownRelease } from '../functions/function-versions.queries.js';
import { findFunctionRow } from '../functions/functions.queries.js';
import { Answer } from '../http/answer.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import { languageOf } from '../languages/language-table.js';
import { LanguagesService } from '../languages/languages.service.js';
import { BUILD_KEYS, CLOCK, ENV, LOGGER, QUEUE_REDIS } from '../platform/tokens.js';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';
import { readEntity } from '../writes/entity-input.js';
import { once } from '../writes/idempotency.js';
import { buildColumns, toBuild } from './build.mapper.js';
import { type BuildQuery, type BuildsQuery, waitDefaultMs } from './build.query.js';
import { BuildDispatcher } from './build-dispatcher.service.js';
import { buildJobOf, isSameWork } from './build-job.js';
import { BuildRecorder } from './build-recorder.service.js';
import { BuildSettler } from './build-settler.service.js';
import { isFinished, lockToBuild, lockUnfinished, unfinished } from './builds.queries.js';
import { FinishedBuilds } from './finished-builds.js';

const Position = z.strictObject({ at: z.iso.datetime(), id: z.string() });
/** When to try again where the queue is full: builds take seconds. */
const retryAfterSeconds = 5;

/** The rules of builds: what may be asked for, and when a build may be cancelled. */
@Injectable()
export class BuildsService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly languages: LanguagesService,
    private readonly dispatcher: BuildDispatcher,
    private readonly recorder: BuildRecorder,
    private readonly settler: BuildSettler,
    private readonly finished: FinishedBuilds,
    private readonly queues: BuildQueues,
    private readonly cancellation: BuildCancellation,
    private readonly audit: AuditService,
    @Inject(QUEUE_REDIS) private readonly redis: Redis,
    @Inject(BUILD_KEYS) private readonly keys: BuildKeys,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly log: Logger,
  ) {}

  /** 202 with the build; 200 when it is over, or one that asks for the same is still waiting. */
  async request(reference: string, body: JsonObject, query: BuildQuery, context: RequestContext): Promise<Answer> {
    const { version } = readEntity(body, { schema: BuildRequest, readOnly: [] });
    // Redis away: the row is the truth, and whatever builders there are will find it.
    const builders = await this.languages.builders().catch(() => undefined);
    const answer = await this.prisma.$transaction((tx) =>
      once(tx, context, { body, now: this.clock.date() }, async () => {
        const entity = await lockToBuild(tx, reference);
        if (entity === undefined) throw noFunction();
        refuseMissingToolchain(entity, builders);
        return this.insert(tx, entity, version, context);
      }),
    );
    const { id, functionId } = answer.body as Build;
    if (builders?.length === 0) await this.say(id, 'no builder is alive: the build waits for one to start');
    await this.dispatcher.dispatch(functionId).catch((error: unknown) => this.log.warn({ err: error, build: id }, 'build not queued yet'));
    if (query.wait === undefined) return answer;
    await this.finished.wait(id, AbortSignal.timeout(query.timeout ?? waitDefaultMs));
    const build = await this.get(id);
    return new Answer(isFinished(build.status) ? 200 : 202, build, answer.headers);
  }

  async list(query: BuildsQuery, reference?: string): Promise<List<Build>> {
    const row = reference === undefined ? undefined : await findFunctionRow(this.prisma, reference);
    if (reference !== undefined && row === undefined) throw noFunction();
    const after = query.cursor === undefined ? undefined : decodeCursor(Position, query.cursor);
    const rows = await this.prisma.build.findMany({
      where: {
        workspace: defaultWorkspace,
        ...(row === undefined ? {} : { functionId: row.id }),
        ...(query.status === undefined ? {} : { status: query.status }),
        ...(query.language === undefined ? {} : { language: query.language }),
        ...(after === undefined ? {} : { OR: [{ createdAt: { lt: after.at } }, { createdAt: after.at, id: { lt: after.id } }] }),
      },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: query.limit + 1,
      ...buildColumns,
    });
    return pageOf(rows, query.limit, toBuild, ({ createdAt, id }) => ({ at: createdAt.toISOString(), id }));
  }

  async get(id: string): Promise<Build> {
    const row = await this.prisma.build.findUnique({ where: { id }, ...buildColumns });
    if (row === null) throw noBuild();
    return toBuild(row);
  }

  /** 200 when the build is cancelled; 202 when a builder works on it, which is asked to end. */
  async cancel(id: string, context: RequestContext): Promise<Answer> {
    const known = await this.get(id);
    if (isFinished(known.status)) throw isOver(known.status);
    const isCancelled = await this.prisma.$transaction(async (tx) => {
      const build = await lockUnfinished(tx, id);
      if (build === undefined) throw isOver('over');
      const isBegun = await this.takeFromQueue(known);
      if (isBegun) await markBegun(tx, build, this.clock.date());
      else await this.recorder.cancel(tx, build);
      await this.audit.record(tx, this.auditEntry(context, 'update', known, { cancelled: true }));
      return !isBegun;
    });
    if (isCancelled) {
      this.finished.announce(id);
      await this.settler
        .finish(known, known.language)
        .catch((error: unknown) => this.log.warn({ err: error, build: id }, 'next build not queued yet'));
    }
    return new Answer(isCancelled ? 200 : 202, await this.get(id));
  }

  private async insert(tx: Transaction, entity: FunctionEntity, version: BuildRequest['version'], context: RequestContext): Promise<Answer> {
    const job = buildJobOf(entity, version, `${idPrefixes.build}_${v7()}` as BuildId);
    const goingOn = await tx.build.findMany({
      where: { functionId: entity.id, status: { in: [...unfinished] } },
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      include: buildColumns.include,
    });
    const newest = goingOn.find((build) => build.version === version);
    if (version !== 'dev') await this.refuseKnownRelease(tx, entity, version, newest?.id);
    // Only the newest: one before it is undone by those in between.
    else if (newest?.status === 'queued' && isSameWork(BuildJob.parse(newest.job), job)) return accepted(200, toBuild(newest));
    const { queuedPerFunctionMax, queuedMax } = this.env.builds;
    if (goingOn.length >= queuedPerFunctionMax) throw full(`${goingOn.length} builds of this function are waiting already`);
    const inAll = await tx.build.count({ where: { status: { in: [...unfinished] } } });
    if (inAll >= queuedMax) throw full(`${inAll} builds are waiting already`);

    const build = toBuild(
      await tx.build.create({
        data: {
          id: job.buildId,
          workspace: defaultWorkspace,
          functionId: entity.id,
          version,
          language: entity.language,
          job: job as Prisma.InputJsonObject,
          sourceSha256: job.sourceSha256,
          status: 'queued',
          stage: 'queued',
          actor: context.actor,
          createdAt: timeAfter(goingOn[0]?.createdAt, this.clock.date()),
        },
        ...buildColumns,
      }),
    );
    await this.audit.record(tx, this.auditEntry(context, 'create', build, { version, language: build.language, sourceSha256: build.sourceSha256 }));
    return accepted(202, build);
  }

  private async refuseKnownRelease(tx: Transaction, entity: FunctionEntity, version: string, buildId: string | undefined): Promise<void> {
    const known = await knownRelease(tx, entity.id, version);
    const detail = known ?? (buildId === undefined ? undefined : `build ${buildId} of ${entity.name} ${version} is not over yet`);
    if (detail !== undefined) throw new AppError('client.conflict', { detail, issues: [{ pointer: '/version', detail }] });
  }

  /** True when a builder works on the build, and is asked to end; false when the queue does not have it any more. */
  private async takeFromQueue({ id, language }: Build): Promise<boolean> {
    try {
      const { state } = await this.queues.find(language, id);
      if (state === 'missing' || (state === 'waiting' && (await this.queues.remove(language, id)))) return false;
      await this.cancellation.request(id);
      return true;
    } catch (error) {
      throw new AppError('platform.redis', { cause: error });
    }
  }

  /** Puts a line of ours into the log of a build, if Redis takes it. */
  private async say(id: BuildId, text: string): Promise<void> {
    const writer = new BuildLogWriter(this.redis, this.keys, id, this.clock);
    writer.append({ type: 'line', at: this.clock.date().toISOString(), stream: 'torii', text });
    await writer.close();
  }

  private auditEntry(context: RequestContext, action: 'create' | 'update', build: Build, after: object) {
    const { actor, requestId } = context;
    return { at: this.clock.date(), actor, requestId, action, entityKind: 'build', entityId: build.id, entityName: build.function, after } as const;
  }
}

/** It may not have been heard of yet; a build that is to end must not be taken for one that waits. Redis may forget the wish. */
async function markBegun(tx: Transaction, { id, startedAt }: { readonly id: string; readonly startedAt: Date | null }, now: Date): Promise<void> {
  await tx.build.update({ where: { id }, data: { status: 'running', startedAt: startedAt ?? now, cancelledAt: now } });
}

/** Builds of a function are done in the order of these times, whichever control plane took them and whatever its clock says. */
function timeAfter(earlier: Date | undefined, now: Date): Date {
  return earlier === undefined || earlier < now ? now : new Date(earlier.getTime() + 1);
}

function accepted(status: 200 | 202, build: Build): Answer<Build> {
  return new Answer(status, build, { location: `/api/v1/builds/${build.id}` });
}

/** Known only while a builder is there to ask. */
function refuseMissingToolchain({ language }: FunctionEntity, builders: readonly BuilderStatus[] | undefined): void {
  const { available, title, reason } = languageOf(LanguageName.parse(language), builders ?? []);
  if (available !== false) return;
  throw new AppError('client.invalid', { detail: `build.toolchain_missing: no builder can build ${title}: ${reason}` });
}

function full(detail: string): AppError {
  return new AppError('capacity.overloaded', { detail: `${detail}: try again later`, headers: { 'retry-after': String(retryAfterSeconds) } });
}

function isOver(status: string): AppError {
  return new AppError('client.conflict', { detail: `the build is ${status}: there is nothing to cancel` });
}

function noBuild(): AppError {
  return new AppError('client.not_found', { detail: 'there is no build with this id' });
}

function noFunction(): AppError {
  return new AppError('client.not_found', { detail: 'there is no function with this name or id' });
}
