import { defaultWorkspace, isIdOf, type Route } from '@torii/contracts';
import type { Prisma } from '../prisma/generated/client.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { toRoute } from './route.mapper.js';

/** With each route the names of its plugins, which it is answered with. */
export const withPluginNames = { plugins: { select: { plugin: { select: { id: true, name: true } } } } } as const;

type RouteWithPlugins = Prisma.RouteGetPayload<{ include: typeof withPluginNames }>;

/** The route with that id or name. */
export async function findRoute(tx: Transaction, reference: string): Promise<Route | undefined> {
  const where = isIdOf('route', reference) ? { id: reference } : { workspace_name: { workspace: defaultWorkspace, name: reference } };
  const row = await tx.route.findUnique({ where, include: withPluginNames });
  return row === null ? undefined : routeOf(row);
}

export function routeOf(row: RouteWithPlugins): Route {
  return toRoute(row, new Map(row.plugins.map(({ plugin }) => [plugin.id, plugin.name])));
}
