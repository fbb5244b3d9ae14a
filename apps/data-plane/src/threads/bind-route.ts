import type { SnapshotRoute, UpstreamTarget } from '@torii/contracts';
import type { BoundRoute } from '../config/active-revision.js';
import { backendInput } from '../pipeline/encode-input.js';
import { fixedTarget } from '../pipeline/fixed-target.js';
import type { RouteSlots } from '../pipeline/route-slots.js';
import type { RouteTarget } from '../pipeline/route-target.js';
import type { Upstream } from '../upstream/upstream.js';
import { availablePlugin, type BindDeps, bindRouteSlots, misplaced } from './bind-slots.js';

export interface RouteDeps extends BindDeps {
  /** Of every route; undefined when there are none. */
  readonly globalSlots: RouteSlots | undefined;
  readonly upstreamOf: (route: Pick<SnapshotRoute, 'id' | 'name'>, target: UpstreamTarget) => Upstream;
}

/**
 * A route with everything its requests need.
 *
 * Throws `config.invalid_snapshot` for a plugin that is not there, or stands where its kind cannot. A route is never served
 * without its slots, and never left out: a less specific one, without them, would get its requests.
 */
export function bindRoute(route: SnapshotRoute, row: number, deps: RouteDeps): BoundRoute {
  const { id, name, match, priority, stripPath } = route;
  const slots = bindRouteSlots(route, deps.globalSlots, deps);
  return { id, name, row, json: JSON.stringify({ id, name }), match, priority, stripPath, slots, target: bindTarget(route, deps) };
}

function bindTarget(route: SnapshotRoute, deps: RouteDeps): RouteTarget {
  const { target } = route;
  if (target.kind === 'upstream') return { kind: 'upstream', upstream: deps.upstreamOf(route, target) };
  if (target.kind !== 'function') return fixedTarget(target);
  const { plugin, bound } = availablePlugin(`route ${route.name}`, target, deps);
  if (plugin.kind !== 'backend') throw misplaced(`route ${route.name}`, { kind: plugin.kind, plugin: bound }, 'its target');
  const delegate = target.upstream === undefined ? undefined : ({ kind: 'upstream', upstream: deps.upstreamOf(route, target.upstream) } as const);
  return { kind: 'function', plugin: bound, encodeInput: backendInput(plugin.config), delegate };
}
