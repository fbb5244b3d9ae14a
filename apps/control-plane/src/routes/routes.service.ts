import { Injectable } from '@nestjs/common';
import { AppError, defaultWorkspace, type List, type Route, type RouteSpec } from '@torii/contracts';
import { z } from 'zod';
import { Answer } from '../http/answer.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import { checkPreconditions, etagOf, isNotModified } from '../http/etag.js';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { ListQuery } from '../http/query.js';
import type { RequestContext } from '../http/request-context.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { ConfigWriter, type Write } from '../writes/config-writer.service.js';
import { nameToCreate, readEntity, readPatch } from '../writes/entity-input.js';
import { onlyResult } from '../writes/put.js';
import { putRoutes } from './put-routes.js';
import { routeInput } from './route-input.js';
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
    return this.writer.run(context, body, (write) => this.insert(write, readEntity(body, routeInput)));
  }

  put(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, async (write) => {
      const current = await findRoute(write.tx, reference);
      checkPreconditions(context, current && etagOf(current));
      if (current !== undefined) {
        return this.update(write, current, readEntity(body, { ...routeInput, current, name: current.name }));
      }
      const name = nameToCreate('route', reference);
      if (name === undefined) throw notFound();
      const spec = readEntity(body, { ...routeInput, name });
      if (spec.name !== name) throw invalid([{ pointer: '/name', detail: `must be "${name}", as in the path, or left out` }]);
      return this.insert(write, spec);
    });
  }

  patch(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, async (write) => {
      const current = await findRoute(write.tx, reference);
      if (current === undefined) throw notFound();
      checkPreconditions(context, etagOf(current));
      return this.update(write, current, readPatch(body, { ...routeInput, current }));
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
  async insert(write: Write, spec: RouteSpec): Promise<Answer<Route>> {
    return onlyResult(await putRoutes(write, [{ current: undefined, spec }]));
  }

  /** Changes a route in a write that is under way; throws as `insert` does. A write that changes nothing makes no revision. */
  async update(write: Write, current: Route, spec: RouteSpec): Promise<Answer<Route>> {
    return onlyResult(await putRoutes(write, [{ current, spec }]));
  }

  async delete(write: Write, current: Route): Promise<void> {
    await write.tx.route.delete({ where: { id: current.id } });
    write.record({ action: 'delete', entityKind: 'route', entityId: current.id, entityName: current.name, before: current });
  }
}

function notFound(): AppError {
  return new AppError('client.not_found', { detail: 'there is no route with this name or id' });
}
