import {
  AppError,
  pluginVersionKey,
  type ServedKind,
  type SlotKind,
  type SnapshotPlugin,
  type SnapshotRoute,
  type SnapshotSlot,
} from '@torii/contracts';
import type { BoundRoute } from '../config/active-revision.js';
import type { BoundPlugin } from '../pipeline/bound-plugin.js';
import {
  accessValidatorInput,
  backendInput,
  type EncodeInput,
  preRouteInput,
  requestTransformerInput,
  responseTransformerInput,
  routeMatcherInput,
} from '../pipeline/encode-input.js';
import { fixedTarget } from '../pipeline/fixed-target.js';
import { PathScope } from '../pipeline/path-scope.js';
import type { MatcherSlot, RequestSlot, ResponseSlot, RouteSlots } from '../pipeline/route-slots.js';
import type { RouteTarget } from '../pipeline/route-target.js';
import type { Expressions } from '../routing/expressions.js';

export interface AvailablePlugin {
  readonly plugin: SnapshotPlugin;
  readonly bound: BoundPlugin;
}

export interface BindDeps {
  /** By `pluginVersionKey`. */
  readonly plugins: ReadonlyMap<string, AvailablePlugin>;
  /** Shared by all routes, so that each expression is compiled once. */
  readonly expressions: Expressions;
}

/** Before the target, in the order in which they run. */
const requestKinds = ['pre_route', 'access_validator', 'request_transformer'] as const satisfies readonly SlotKind[];

/**
 * A route with everything its requests need.
 *
 * Throws `config.invalid_snapshot` for a plugin that is not there, or stands where its kind cannot. A route is never served
 * without its slots, and never left out: a less specific one, without them, would get its requests.
 */
export function bindRoute(route: SnapshotRoute, row: number, deps: BindDeps): BoundRoute {
  const { name, match, priority, stripPath } = route;
  return { name, row, match, priority, stripPath, slots: bindSlots(route, deps), target: bindTarget(route, deps) };
}

function bindTarget(route: SnapshotRoute, deps: BindDeps): RouteTarget {
  const { target } = route;
  if (target.kind !== 'function') return fixedTarget(target);
  const found = availablePlugin(route, target, deps);
  if (found.plugin.kind !== 'backend') throw misplaced(route, found.plugin, 'its target');
  return { kind: 'function', plugin: found.bound, encodeInput: backendInput(route, found.plugin.config) };
}

/** Undefined when there are none. */
function bindSlots(route: SnapshotRoute, deps: BindDeps): RouteSlots | undefined {
  if (route.plugins === undefined || route.plugins.length === 0) return undefined;
  const matchers: MatcherSlot[] = [];
  const request: RequestSlot[] = [];
  const response: ResponseSlot[] = [];
  for (const slot of route.plugins) {
    const { plugin, bound } = availablePlugin(route, slot, deps);
    const parts = { plugin: bound, scope: PathScope.of(slot, deps.expressions), isSkippable: slot.onError === 'skip' };
    const config = configOf(plugin, slot);
    const { kind } = plugin;
    if (kind === 'backend') throw misplaced(route, plugin, 'a slot');
    if (kind === 'route_matcher') matchers.push({ ...parts, kind, encodeInput: routeMatcherInput(route, config) });
    else if (kind === 'response_transformer') response.push({ ...parts, kind, encodeInput: responseTransformerInput(route, config) });
    else request.push({ ...parts, kind, encodeInput: requestEncoder(kind, route, config) });
  }
  const inOrder = requestKinds.flatMap((kind) => request.filter((slot) => slot.kind === kind));
  return { matchers, request: inOrder, response };
}

function availablePlugin(route: SnapshotRoute, { plugin, version }: Pick<SnapshotSlot, 'plugin' | 'version'>, deps: BindDeps): AvailablePlugin {
  const found = deps.plugins.get(pluginVersionKey({ id: plugin, version }));
  if (found !== undefined) return found;
  throw new AppError('config.invalid_snapshot', { detail: `route ${route.name} runs version ${version} of plugin ${plugin}, which is not there` });
}

function requestEncoder(kind: RequestSlot['kind'], route: SnapshotRoute, config: SnapshotSlot['config']): EncodeInput {
  switch (kind) {
    case 'pre_route':
      return preRouteInput(route, config);
    case 'access_validator':
      return accessValidatorInput(route, config);
    case 'request_transformer':
      return requestTransformerInput(route, config);
  }
}

/** Where both have a name, the slot's value counts. */
function configOf(plugin: SnapshotPlugin, slot: SnapshotSlot): SnapshotSlot['config'] {
  return { ...plugin.config, ...slot.config };
}

function misplaced(route: SnapshotRoute, plugin: { readonly name: string; readonly kind: ServedKind }, place: string): AppError {
  return new AppError('config.invalid_snapshot', { detail: `route ${route.name} has the ${plugin.kind} plugin ${plugin.name} as ${place}` });
}
