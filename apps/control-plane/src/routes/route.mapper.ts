import { Route, RouteSpec } from '@torii/contracts';

export interface RouteRow {
  readonly id: string;
  readonly spec: unknown;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A route as the API answers it: its plugins by name, as they are called now. */
export function toRoute(row: RouteRow, pluginNames: ReadonlyMap<string, string>): Route {
  const spec = withPlugins(RouteSpec.parse(row.spec), (id) => pluginNames.get(id) ?? id);
  return Route.parse({ ...spec, id: row.id, createdAt: row.createdAt.toISOString(), updatedAt: row.updatedAt.toISOString() });
}

/** Fields of a route that we set. */
export const routeReadOnly = ['id', 'createdAt', 'updatedAt'] as const;

/** What an admin wrote of a route. */
export function routeSpecOf(route: Route): RouteSpec {
  const { id: _id, createdAt: _createdAt, updatedAt: _updatedAt, ...spec } = route;
  return spec;
}

/** The route with each reference to a plugin replaced. */
export function withPlugins(spec: RouteSpec, replace: (reference: string) => string): RouteSpec {
  const target = spec.target.kind === 'function' ? { ...spec.target, plugin: replace(spec.target.plugin) } : spec.target;
  return { ...spec, target, plugins: spec.plugins.map((slot) => ({ ...slot, plugin: replace(slot.plugin) })) };
}
