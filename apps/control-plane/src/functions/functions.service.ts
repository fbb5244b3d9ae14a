import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@torii/config-sync';
import { AppError, defaultWorkspace, type FunctionEntity, idPrefixes, type List } from '@torii/contracts';
import { v7 } from 'uuid';
import { z } from 'zod';
import { Answer } from '../http/answer.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import { isNotModified } from '../http/etag.js';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { ListQuery } from '../http/query.js';
import type { RequestContext } from '../http/request-context.js';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import type { Write } from '../writes/config-writer.service.js';
import { nameToCreate } from '../writes/entity-input.js';
import { functionSpecOf, toFunction } from './function.mapper.js';
import { FunctionEndpoint } from './function-endpoint.js';
import { checkFunctionPreconditions, functionEtag } from './function-etag.js';
import { type FunctionWrite, readChange, readNew, readReplacement, readSources, refuseMissingEntry, type WrittenSources } from './function-input.js';
import { newestVersions, nothingBuilt, usersOf } from './function-versions.queries.js';
import { FunctionWriter } from './function-writer.js';
import { findFunction, functionNotFound, withSource } from './functions.queries.js';
import { pathsOf, removeUnusedTrees } from './source-store.js';
import type { CheckedTree } from './source-tree.js';
import type { TreesAtHand } from './trees-at-hand.js';
import { usedByPlugins } from './used-by-plugins.js';

const Position = z.strictObject({ name: z.string() });

/**
 * The rules of functions. What nodes run are plugins: a function as such is no part of their configuration, so that its
 * writes make no revision, but for what its endpoint needs. They hold the same lock, so that names and uses still are
 * as checked when they commit.
 */
@Injectable()
export class FunctionsService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly writer: FunctionWriter,
    private readonly endpoint: FunctionEndpoint,
  ) {}

  async list(query: ListQuery): Promise<List<FunctionEntity>> {
    const after = query.cursor === undefined ? undefined : decodeCursor(Position, query.cursor).name;
    const rows = await this.prisma.function.findMany({
      where: {
        workspace: defaultWorkspace,
        ...(after === undefined ? {} : { name: { gt: after } }),
        ...(query.tag === undefined ? {} : { tags: { has: query.tag } }),
        ...(query.q === undefined ? {} : { OR: [contains('name', query.q), contains('description', query.q)] }),
      },
      include: withSource,
      orderBy: { name: 'asc' },
      take: query.limit + 1,
    });
    const newest = await newestVersions(
      this.prisma,
      rows.map(({ id }) => id),
    );
    return pageOf(
      rows,
      query.limit,
      (row) => toFunction(row, newest.get(row.id) ?? nothingBuilt),
      ({ name }) => ({ name }),
    );
  }

  async get(reference: string, context: RequestContext): Promise<Answer<FunctionEntity | undefined>> {
    const entity = await findFunction(this.prisma, reference);
    if (entity === undefined) throw functionNotFound();
    const etag = functionEtag(entity);
    return isNotModified(context.ifNoneMatch, etag) ? new Answer(304, undefined, { etag }) : new Answer(200, entity, { etag });
  }

  async create(body: JsonObject, context: RequestContext): Promise<Answer> {
    const sources = readSources(body);
    return this.writer.run(context, body, having(sources), (write, trees) => this.insert(write, readNew(body, sources), trees));
  }

  async put(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    const sources = readSources(body);
    return this.writer.run(context, body, having(sources), async (write, trees) => {
      const current = await findFunction(write.tx, reference);
      checkFunctionPreconditions(context, current);
      if (current !== undefined) return this.update(write, current, readReplacement(body, sources, current), trees);
      const name = nameToCreate('function', reference);
      if (name === undefined) throw functionNotFound();
      const made = readNew(body, sources, name);
      if (made.spec.name !== name) throw invalid([{ pointer: '/name', detail: `must be "${name}", as in the path, or left out` }]);
      return this.insert(write, made, trees);
    });
  }

  async patch(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    const sources = readSources(body);
    return this.writer.run(context, body, having(sources), async (write, trees) => {
      const current = await findFunction(write.tx, reference);
      if (current === undefined) throw functionNotFound();
      checkFunctionPreconditions(context, current);
      return this.update(write, current, readChange(body, sources, current), trees);
    });
  }

  /** Its versions, builds and endpoint go with it. Throws `client.conflict` while other plugins run one of its versions. */
  remove(reference: string, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, undefined, nothingAtHand, async (write) => {
      const current = await findFunction(write.tx, reference);
      if (current === undefined) throw functionNotFound();
      checkFunctionPreconditions(context, current);
      await this.endpoint.remove(write, current);
      await refuseWhenUsed(write, current);
      const versions = await write.tx.functionVersion.findMany({ where: { functionId: current.id }, select: { sourceSha256: true } });
      const builds = await write.tx.build.findMany({ where: { functionId: current.id }, select: { sourceSha256: true } });
      // Earlier versions of plugins remember where they came from, and nothing runs them.
      await write.tx.pluginVersion.updateMany({ where: { functionId: current.id }, data: { functionId: null } });
      await write.tx.function.delete({ where: { id: current.id } });
      const trees = [...versions, ...builds].map(({ sourceSha256 }) => sourceSha256);
      await removeUnusedTrees(write.tx, [...new Set([current.source.sha256, ...trees])]);
      write.note({ action: 'delete', entityKind: 'function', entityId: current.id, entityName: current.name, before: current });
      return new Answer(204, undefined);
    });
  }

  /** Changes a function in a write that is under way; a write that changes nothing leaves it as it is. */
  async update(write: Write, current: FunctionEntity, { spec, tree }: FunctionWrite, trees: TreesAtHand): Promise<Answer<FunctionEntity>> {
    const hasNewTree = tree !== undefined && tree.sha256 !== current.source.sha256;
    if (tree !== undefined) refuseMissingEntry(spec, pathsIn(tree));
    else if (spec.entry !== current.entry || spec.language !== current.language) {
      refuseMissingEntry(spec, await pathsOf(write.tx, current.source.sha256));
    }
    const isSame = !hasNewTree && canonicalJson(spec) === canonicalJson(functionSpecOf(current));
    if (isSame) return new Answer(200, current, { etag: functionEtag(current) });
    if (spec.name !== current.name) await refuseTakenName(write, spec.name);
    if (hasNewTree) await trees.store(write, tree);
    const row = await write.tx.function.update({
      where: { id: current.id },
      data: { ...columnsOf(spec), sourceSha256: tree?.sha256 ?? current.source.sha256, updatedAt: write.now },
      include: withSource,
    });
    if (hasNewTree) await removeUnusedTrees(write.tx, [current.source.sha256]);
    const newest = await newestVersions(write.tx, [row.id]);
    const entity = toFunction(row, newest.get(row.id) ?? nothingBuilt);
    write.note({ action: 'update', entityKind: 'function', entityId: row.id, entityName: row.name, before: current, after: entity });
    const isConcerned = canonicalJson(endpointPartOf(spec)) !== canonicalJson(endpointPartOf(current));
    if (isConcerned && (spec.endpoint.enabled || current.endpoint.enabled)) await this.endpoint.sync(write, entity, current.name);
    return new Answer(200, entity, { etag: functionEtag(entity) });
  }

  private async insert(write: Write, { spec, tree }: FunctionWrite, trees: TreesAtHand): Promise<Answer<FunctionEntity>> {
    if (tree === undefined) throw invalid([{ pointer: '/files', detail: 'are needed' }]);
    refuseMissingEntry(spec, pathsIn(tree));
    await refuseTakenName(write, spec.name);
    await trees.store(write, tree);
    const id = `${idPrefixes.function}_${v7()}`;
    const row = await write.tx.function.create({
      data: {
        ...columnsOf(spec),
        id,
        workspace: defaultWorkspace,
        sourceSha256: tree.sha256,
        createdAt: write.now,
        updatedAt: write.now,
      },
      include: withSource,
    });
    const entity = toFunction(row, nothingBuilt);
    write.note({ action: 'create', entityKind: 'function', entityId: id, entityName: entity.name, after: entity });
    if (spec.endpoint.enabled) await this.endpoint.sync(write, entity, entity.name);
    return new Answer(201, entity, { etag: functionEtag(entity), location: `/api/v1/functions/${id}` });
  }
}

/** What an endpoint is made of: no other change can get in its way, nor it in theirs. */
function endpointPartOf({ name, settings, endpoint }: FunctionWrite['spec']) {
  return { name, settings, endpoint };
}

function having({ tree }: WrittenSources) {
  return async (trees: TreesAtHand): Promise<void> => {
    if (tree !== undefined) await trees.write(tree);
  };
}

async function nothingAtHand(): Promise<void> {
  // The write needs no tree.
}

function pathsIn({ tree }: CheckedTree): string[] {
  return tree.files.map(({ path }) => path);
}

function columnsOf(spec: FunctionWrite['spec']) {
  return { name: spec.name, description: spec.description, tags: spec.tags, language: spec.language, spec: spec as Prisma.InputJsonObject };
}

async function refuseTakenName(write: Write, name: string): Promise<void> {
  const taken = await write.tx.function.count({ where: { workspace: defaultWorkspace, name } });
  if (taken > 0)
    throw new AppError('client.conflict', { detail: 'the name is taken', issues: [{ pointer: '/name', detail: 'is taken by another function' }] });
}

async function refuseWhenUsed(write: Write, entity: FunctionEntity): Promise<void> {
  const users = await usersOf(write.tx, entity.id);
  if (users.length > 0) throw usedByPlugins('the function', users);
}

function contains(column: 'name' | 'description', text: string) {
  return { [column]: { contains: text.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const } };
}
