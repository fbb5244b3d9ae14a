import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { Inject, Injectable, type OnApplicationShutdown, type OnModuleInit, StreamableFile } from '@nestjs/common';
import { AppError, type Artifact, artifactMaxBytes, defaultWorkspace, type List, Sha256 } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import { z } from 'zod';
import { AuditService } from '../audit/audit.service.js';
import type { Env } from '../env.js';
import { Answer } from '../http/answer.js';
import { drain } from '../http/body-parsers.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import { etagOf, isNotModified } from '../http/etag.js';
import type { PageQuery } from '../http/query.js';
import type { RequestContext } from '../http/request-context.js';
import { StoredObjects } from '../objects/stored-objects.js';
import { BoundedGate } from '../platform/bounded-gate.js';
import { inParallel } from '../platform/in-parallel.js';
import { CLOCK, ENV, LOGGER } from '../platform/tokens.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { artifactRows, toArtifact } from './artifact.mapper.js';
import { type ModuleDescription, ModuleInspector } from './inspect-module.js';
import { type ReceivedUpload, receiveUpload, removeStaleUploads, tooLarge } from './receive-upload.js';
import { takeIntoUse } from './unused-artifacts.js';

const Position = z.strictObject({ at: z.iso.datetime(), sha256: Sha256 });

/** A module that was checked and is not stored. */
export interface ExaminedModule {
  readonly sha256: Sha256;
  readonly size: number;
  readonly description: ModuleDescription;
}

type StoredModule = Pick<ExaminedModule, 'sha256' | 'size'> & Partial<Pick<ExaminedModule, 'description'>>;

/** Of modules that come together. */
const storedAtOnceMax = 8;

/** Wasm modules by the sha256 of their bytes: checked once, when they come in; never changed. */
@Injectable()
export class ArtifactsService implements OnModuleInit, OnApplicationShutdown {
  /** Uploads on their way, which bounds the space they take in the home folder. */
  private readonly uploads = new BoundedGate({ runningMax: 16, waitingMax: 64, waitTimeoutMs: 10_000 });
  /** Modules being checked, which bounds the memory that takes. */
  private readonly inspections = new BoundedGate({ runningMax: 2, waitingMax: 64, waitTimeoutMs: 30_000 });
  private readonly inspector = new ModuleInspector();
  private readonly directory: string;

  constructor(
    private readonly prisma: PrismaService,
    @Inject(StoredObjects) private readonly objects: StoredObjects,
    private readonly audit: AuditService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(ENV) env: Env,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    this.directory = path.join(env.home, 'tmp');
  }

  onModuleInit(): Promise<void> {
    return removeStaleUploads(this.directory, this.clock.date());
  }

  onApplicationShutdown(): Promise<void> {
    return this.inspector.close();
  }

  /**
   * 201 with what the module imports and exports; 200 when the same bytes are there already. Throws `client.invalid`, and
   * stores nothing, when they do not have the hash they are announced with.
   */
  async upload(stream: Readable, contentLength: number | undefined, context: RequestContext, announced?: Sha256): Promise<Answer<Artifact>> {
    try {
      if (contentLength !== undefined && contentLength > artifactMaxBytes) throw tooLarge();
      const { artifact, isNew } = await this.uploads.run(() => this.add(stream, '', context, announced));
      return new Answer(isNew ? 201 : 200, artifact, { location: `/api/v1/artifacts/${artifact.sha256}` });
    } catch (error) {
      drain(stream);
      throw error;
    }
  }

  /** The artifact for bytes that came inside a plugin; `pointer` is where they stood. */
  async addBytes(bytes: Uint8Array, pointer: string, context: RequestContext): Promise<Artifact> {
    const { artifact } = await this.uploads.run(() => this.add(Readable.from([bytes]), pointer, context));
    return artifact;
  }

  /**
   * The hash of each module, in its place, all of them stored as `addBytes` does, with few statements; or what is wrong with
   * it (`client.invalid`), where it is none that can run. `pointer` is where the bytes of each stood.
   */
  async addAll(modules: readonly Uint8Array[], pointer: string, context: RequestContext): Promise<(Sha256 | AppError)[]> {
    const hashes = modules.map((bytes) => createHash('sha256').update(bytes).digest('hex'));
    const known = await takeIntoUse(this.prisma, hashes);
    const stored = await inParallel(modules, storedAtOnceMax, (bytes) =>
      this.uploads.run(() => withUpload(bytes, this.directory, (upload) => orInvalid(() => this.store(upload, known.has(upload.sha256), pointer)))),
    );
    await this.addRows(
      stored.flatMap((module) =>
        module instanceof AppError || module.description === undefined ? [] : [{ ...module, description: module.description }],
      ),
      context,
    );
    return stored.map((module) => (module instanceof AppError ? module : module.sha256));
  }

  /** What `addBytes` would store, checked in the same way, and not stored. */
  examineBytes(bytes: Uint8Array, pointer: string): Promise<ExaminedModule> {
    return this.uploads.run(() =>
      withUpload(bytes, this.directory, async ({ file, sha256, size }) => {
        return { sha256, size, description: await this.inspections.run(() => this.inspector.inspect(file, pointer)) };
      }),
    );
  }

  async list(query: PageQuery): Promise<List<Artifact>> {
    const after = query.cursor === undefined ? undefined : decodeCursor(Position, query.cursor);
    const rows = await this.prisma.artifact.findMany({
      where: {
        workspace: defaultWorkspace,
        ...(after === undefined ? {} : { OR: [{ createdAt: { lt: after.at } }, { createdAt: after.at, sha256: { gt: after.sha256 } }] }),
      },
      orderBy: [{ createdAt: 'desc' }, { sha256: 'asc' }],
      take: query.limit + 1,
    });
    return pageOf(rows, query.limit, toArtifact, (row) => ({ at: row.createdAt.toISOString(), sha256: row.sha256 }));
  }

  async get(sha256: string): Promise<Artifact> {
    return toArtifact(await this.row(sha256));
  }

  /** The bytes, streamed. They can never change, so a reader that has them is told so. */
  async content(sha256: string, ifNoneMatch?: string): Promise<Answer<StreamableFile | undefined>> {
    const row = await this.row(sha256);
    const headers = { etag: etagOf(row.sha256), 'cache-control': 'private, max-age=31536000, immutable' };
    if (isNotModified(ifNoneMatch, headers.etag)) return new Answer(304, undefined, headers);
    const stream = Readable.from(await this.objects.open(row.sha256, `the artifact ${row.sha256}`), { objectMode: false });
    return new Answer(200, new StreamableFile(stream, { type: 'application/wasm', length: row.size }), headers);
  }

  private async add(stream: Readable, pointer: string, context: RequestContext, announced?: Sha256): Promise<{ artifact: Artifact; isNew: boolean }> {
    const upload = await receiveUpload(stream, this.directory);
    try {
      if (announced !== undefined && upload.sha256 !== announced) {
        throw new AppError('client.invalid', { detail: `the bytes have the sha256 ${upload.sha256}, not the announced one: send them again` });
      }
      const isNew = await this.addReceived(upload, pointer, context);
      return { artifact: await this.get(upload.sha256), isNew };
    } finally {
      await rm(upload.file, { force: true });
    }
  }

  private async addReceived(upload: ReceivedUpload, pointer: string, context: RequestContext): Promise<boolean> {
    const known = await takeIntoUse(this.prisma, [upload.sha256]);
    const { description, ...module } = await this.store(upload, known.has(upload.sha256), pointer);
    return description !== undefined && (await this.addRows([{ ...module, description }], context)) > 0;
  }

  /** Without a description where it is known. */
  private async store({ file, sha256, size }: ReceivedUpload, isKnown: boolean, pointer: string): Promise<StoredModule> {
    const object = { sha256, size, open: () => createReadStream(file, { highWaterMark: 512 * 1024 }) };
    if (isKnown) {
      // Whoever sends lost bytes again brings them back. Bytes that cannot be asked for now are no reason to refuse.
      await this.objects.write(object).catch((error: unknown) => this.log.warn({ sha256, err: error }, 'bytes of a known artifact not checked'));
      return { sha256, size };
    }
    const description = await this.inspections.run(() => this.inspector.inspect(file, pointer));
    // First: a row always has its bytes. What a crash leaves now is an object that nothing needs.
    await this.objects.write(object);
    return { sha256, size, description };
  }

  /** Answers how many there are of them that nobody else has just added. */
  private async addRows(modules: readonly ExaminedModule[], { actor, requestId }: RequestContext): Promise<number> {
    if (modules.length === 0) return 0;
    const at = this.clock.date();
    return this.prisma.$transaction(async (tx) => {
      // Waits for another transaction that adds the same artifact, and then finds it there.
      const added = await tx.artifact.createManyAndReturn({
        data: artifactRows(modules, at),
        skipDuplicates: true,
        select: { sha256: true, size: true },
      });
      const entries = added.map(({ sha256, size }) => {
        const entity = { entityKind: 'artifact', entityId: sha256, entityName: sha256 } as const;
        return { at, actor, requestId, action: 'upload' as const, ...entity, after: { sha256, size } };
      });
      await this.audit.recordAll(tx, entries);
      return added.length;
    });
  }

  private async row(sha256: string) {
    const row = await this.prisma.artifact.findUnique({ where: { sha256 } });
    if (row === null) throw new AppError('client.not_found', { detail: 'there is no artifact with this sha256' });
    return row;
  }
}

async function withUpload<Result>(bytes: Uint8Array, directory: string, work: (upload: ReceivedUpload) => Promise<Result>): Promise<Result> {
  const upload = await receiveUpload(Readable.from([bytes]), directory);
  try {
    return await work(upload);
  } finally {
    await rm(upload.file, { force: true });
  }
}

/** What is wrong with one module is no reason to give up the others. */
async function orInvalid<Result>(work: () => Promise<Result>): Promise<Result | AppError> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.code === 'client.invalid') return error;
    throw error;
  }
}
