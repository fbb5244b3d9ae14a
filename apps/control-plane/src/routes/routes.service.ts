import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@torii/config-sync';
import { AppError, defaultWorkspace, idPrefixes, type List, type Route, RouteSpec, warningHeader } from '@torii/contracts';
import { v7 } from 'uuid';
import { z } from 'zod';
import { Answer } from '../http/answer.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import { checkPreconditions, etagOf, isNotModified } from '../http/etag.js';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { ListQuery } from '../http/query.js';
import type { RequestContext } from '../http/request-context.js';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { ConfigWriter, type Write } from '../writes/config-writer.service.js';
import { nameToCreate, readEntity, readPatch } from '../writes/entity-input.js';
import { matchKeys } from './match-keys.js';
import { type ResolvedRoute, resolveReferences } from './resolve-references.js';
import { routeReadOnly, routeSpecOf, toRoute } from './route.mapper.js';
import { conflictWarning } from './route-conflicts.js';
import { findRoute, routeOf, withPluginNames } from './routes.queries.js';

const Position = z.strictObject({ name: z.string() });
/** The rules of routes: plugins are referred to by name or id, kept as ids and answered as names. */
@Injectable()
export class RoutesService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly writer: ConfigWriter,
  ) {}

  async list(query: ListQuery): Promise<List<Route>> {
    const after = query.cursor === undefined ? undefined : decodeCursor(Position, query.cursor).name;
    const rows = await this.prisma.route.findMany({
      where: {
        workspace: defaultWorkspace,
        ...(query.tag === undefined ? {} : { tags: { has: query.tag } }),
        AND: [
          after === undefined ? {} : { name: { gt: after } },
          query.q === undefined ? {} : { name: { contains: query.q.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' } },
        ],
      },
      include: withPluginNames,
      orderBy: { name: 'asc' },
      take: query.limit + 1,
    });
    return pageOf(rows, query.limit, routeOf, ({ name }) => ({ name }));
  }

  async get(reference: string, context: RequestContext): Promise<Answer<Route | undefined>> {
    const route = await findRoute(this.prisma, reference);
    if (route === undefined) throw notFound();
    const etag = etagOf(route);
    return isNotModified(context.ifNoneMatch, etag) ? new Answer(304, undefined, { etag }) : new Answer(200, route, { etag });
  }

  create(body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, (write) => this.insert(write, readEntity(body, { schema: RouteSpec, readOnly: routeReadOnly })));
  }

  put(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, async (write) => {
      const current = await findRoute(write.tx, reference);
      checkPreconditions(context, current && etagOf(current));
      if (current !== undefined) {
        return this.update(write, current, readEntity(body, { schema: RouteSpec, readOnly: routeReadOnly, current, name: current.name }));
      }
      const name = nameToCreate('route', reference);
      if (name === undefined) throw notFound();
      const spec = readEntity(body, { schema: RouteSpec, readOnly: routeReadOnly, name });
      if (spec.name !== name) throw invalid([{ pointer: '/name', detail: `must be "${name}", as in the path, or left out` }]);
      return this.insert(write, spec);
    });
  }

  patch(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, async (write) => {
      const current = await findRoute(write.tx, reference);
      if (current === undefined) throw notFound();
      checkPreconditions(context, etagOf(current));
      return this.update(write, current, readPatch(body, { schema: RouteSpec, readOnly: routeReadOnly, current }));
    });
  }

  remove(reference: string, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, undefined, async (write) => {
      const current = await findRoute(write.tx, reference);
      if (current === undefined) throw notFound();
      checkPreconditions(context, etagOf(current));
      await this.delete(write, current);
      return new Answer(204, undefined);
    });
  }

  /** Makes a route in a write that is under way. Throws `client.invalid` or `client.conflict` before anything is written. */
  async insert(write: Write, written: RouteSpec): Promise<Answer<Route>> {
    const resolved = await resolveReferences(write.tx, written);
    await refuseTakenName(write, written.name);
    const id = `${idPrefixes.route}_${v7()}`;
    const row = await write.tx.route.create({
      data: { ...columnsOf(resolved, write.now), id, workspace: defaultWorkspace, createdAt: write.now },
    });
    await this.linkPlugins(write, id, resolved);
    const route = toRoute(row, resolved.pluginNames);
    write.record({ action: 'create', entityKind: 'route', entityId: id, entityName: route.name, after: route });
    return new Answer(201, route, { etag: etagOf(route), location: `/api/v1/routes/${id}`, ...(await this.warningFor(write, row)) });
  }

  /** Changes a route in a write that is under way; throws as `insert` does. A write that changes nothing makes no revision. */
  async update(write: Write, current: Route, written: RouteSpec): Promise<Answer<Route>> {
    const resolved = await resolveReferences(write.tx, written);
    if (spellsTheSame(current, resolved)) return new Answer(200, current, { etag: etagOf(current) });
    if (written.name !== current.name) await refuseTakenName(write, written.name);
    const row = await write.tx.route.update({ where: { id: current.id }, data: columnsOf(resolved, write.now) });
    await write.tx.routePlugin.deleteMany({ where: { routeId: current.id } });
    await this.linkPlugins(write, current.id, resolved);
    const route = toRoute(row, resolved.pluginNames);
    write.record({ action: 'update', entityKind: 'route', entityId: route.id, entityName: route.name, before: current, after: route });
    return new Answer(200, route, { etag: etagOf(route), ...(await this.warningFor(write, row)) });
  }

  async delete(write: Write, current: Route): Promise<void> {
    await write.tx.route.delete({ where: { id: current.id } });
    write.record({ action: 'delete', entityKind: 'route', entityId: current.id, entityName: current.name, before: current });
  }

  private async warningFor(write: Write, row: Parameters<typeof conflictWarning>[1]): Promise<Record<string, string>> {
    const warning = await conflictWarning(write.tx, row);
    return warning === undefined ? {} : { [warningHeader]: warning };
  }

  private async linkPlugins(write: Write, routeId: string, resolved: ResolvedRoute): Promise<void> {
    const links = [...resolved.pluginNames.keys()].map((pluginId) => ({ routeId, pluginId, workspace: defaultWorkspace }));
    await write.tx.routePlugin.createMany({ data: links });
  }
}

function columnsOf({ spec, matchers }: ResolvedRoute, updatedAt: Date) {
  const { name, enabled, tags } = spec;
  return { name, enabled, tags, matchKeys: matchKeys(spec, matchers), spec: spec as Prisma.InputJsonObject, updatedAt };
}

/** Whether the route as written, its plugins by name, is the route as it is. */
function spellsTheSame(current: Route, resolved: ResolvedRoute): boolean {
  const written = routeSpecOf(toRoute({ id: current.id, spec: resolved.spec, createdAt: new Date(0), updatedAt: new Date(0) }, resolved.pluginNames));
  return canonicalJson(written) === canonicalJson(routeSpecOf(current));
}

async function refuseTakenName(write: Write, name: string): Promise<void> {
  const taken = await write.tx.route.count({ where: { workspace: defaultWorkspace, name } });
  if (taken > 0)
    throw new AppError('client.conflict', { detail: 'the name is taken', issues: [{ pointer: '/name', detail: 'is taken by another route' }] });
}

function notFound(): AppError {
  return new AppError('client.not_found', { detail: 'there is no route with this name or id' });
}
