import { Injectable, type StreamableFile } from '@nestjs/common';
import { AppError, defaultWorkspace, type FunctionDiff, type FunctionVersion, type List, VersionName } from '@torii/contracts';
import { z } from 'zod';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { Answer } from '../http/answer.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import type { PageQuery } from '../http/query.js';
import type { RequestContext } from '../http/request-context.js';
import { BoundedGate } from '../platform/bounded-gate.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';
import { ConfigWriter } from '../writes/config-writer.service.js';
import { type DiffSide, diffVersions } from './diff-versions.js';
import { findVersion, usersOf, versionsPage } from './function-versions.queries.js';
import { findFunctionRow, functionNotFound } from './functions.queries.js';
import { removeUnusedTrees, SourceStore } from './source-store.js';
import { treeAnswer } from './tree-answer.js';
import { usedByPlugins } from './used-by-plugins.js';

const Position = z.strictObject({ version: VersionName });

interface Found {
  readonly row: { readonly id: string; readonly name: string };
  readonly version: FunctionVersion;
}

/** What builds have made: read, compared, and deleted when nothing runs it. `FunctionVersions` adds to it. */
@Injectable()
export class FunctionVersionsService {
  /** Comparisons under way: each computes on the one thread that serves all. */
  private readonly diffs = new BoundedGate({ runningMax: 1, waitingMax: 32, waitTimeoutMs: 10_000 });

  constructor(
    private readonly prisma: PrismaService,
    private readonly writer: ConfigWriter,
    private readonly artifacts: ArtifactsService,
    private readonly sources: SourceStore,
  ) {}

  async list(reference: string, query: PageQuery): Promise<List<FunctionVersion>> {
    const below = query.cursor === undefined ? undefined : decodeCursor(Position, query.cursor).version;
    const row = await findFunctionRow(this.prisma, reference);
    if (row === undefined) throw functionNotFound();
    const versions = await versionsPage(this.prisma, row.id, { limit: query.limit + 1, below });
    return pageOf(
      versions,
      query.limit,
      (version) => version,
      ({ version }) => ({ version }),
    );
  }

  async get(reference: string, name: string): Promise<FunctionVersion> {
    return (await find(this.prisma, reference, name)).version;
  }

  async files(reference: string, name: string, accept: string | undefined): Promise<Answer> {
    const { row, version } = await find(this.prisma, reference, name);
    const tree = await this.sources.read(version.sourceSha256);
    return treeAnswer(tree, accept, { name: `${row.name}-${version.version}`, at: new Date(version.createdAt) });
  }

  /** The module itself. Unlike an artifact's, the address does not say which bytes: readers have to ask again. */
  async wasm(reference: string, name: string, context: RequestContext): Promise<Answer<StreamableFile | undefined>> {
    const { version } = await find(this.prisma, reference, name);
    const { status, body, headers } = await this.artifacts.content(version.sha256, context.ifNoneMatch);
    return new Answer(status, body, { ...headers, 'cache-control': 'private, no-cache' });
  }

  async diff(reference: string, name: string, from: string): Promise<FunctionDiff> {
    const { row, version } = await find(this.prisma, reference, name);
    const earlier = await findVersion(this.prisma, row.id, from);
    if (earlier === undefined) throw versionNotFound(row.name, from);
    return this.diffs.run(async () => diffVersions(await this.sideOf(earlier), await this.sideOf(version)));
  }

  /**
   * The number of a release is not given to another module afterwards. Throws `client.conflict` while a plugin runs it, now
   * or because a route pins that version of the plugin.
   */
  remove(reference: string, name: string, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, undefined, async (write) => {
      const { row, version } = await find(write.tx, reference, name);
      const users = await usersOf(write.tx, row.id, version.version);
      if (users.length > 0) throw usedByPlugins(`version ${version.version}`, users);
      const key = { functionId: row.id, version: version.version };
      await write.tx.functionVersion.delete({ where: { functionId_version: key } });
      if (key.version !== 'dev') await write.tx.functionUsedRelease.create({ data: { ...key, workspace: defaultWorkspace, deletedAt: write.now } });
      await removeUnusedTrees(write.tx, [version.sourceSha256]);
      const { sha256, buildId } = version;
      const before = { version: version.version, sha256, buildId };
      write.note({ action: 'delete', entityKind: 'function', entityId: row.id, entityName: `${row.name}@${version.version}`, before });
      return new Answer(204, undefined);
    });
  }

  private async sideOf(version: FunctionVersion): Promise<DiffSide> {
    return { version, tree: await this.sources.read(version.sourceSha256) };
  }
}

/** `latest` is taken too, for the highest release. */
async function find(tx: Transaction, reference: string, name: string): Promise<Found> {
  const row = await findFunctionRow(tx, reference);
  if (row === undefined) throw functionNotFound();
  const version = await findVersion(tx, row.id, name);
  if (version === undefined) throw versionNotFound(row.name, name);
  return { row, version };
}

function versionNotFound(name: string, version: string): AppError {
  return new AppError('client.not_found', { detail: `the function "${name}" has no version ${version}` });
}
