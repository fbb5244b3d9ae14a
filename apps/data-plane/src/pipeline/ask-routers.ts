import { AppError, RouterOutput } from '@torii/contracts';
import type { RequestTarget } from '../routing/request-target.js';
import type { RouteMatch } from '../routing/route-table.js';
import type { SplitMap } from '../routing/split-map.js';
import { changeAttributes } from './added-headers.js';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, isInScope } from './call-plugin.js';
import type { Exchange } from './exchange.js';
import type { ParsedOutput } from './parse-output.js';
import { readOutput } from './read-output.js';
import type { RouterSlot } from './route-slots.js';
import { runSlot } from './run-slot.js';

/** The routers of the settings, and what they can choose. */
export interface Routers<R> {
  readonly slots: readonly RouterSlot[];
  /** All routes of the revision, each by its id and by its name. */
  readonly routes: SplitMap<R>;
}

/**
 * The route that the first router chooses which decides; undefined when none does. One that fails and is to be skipped has
 * not decided.
 *
 * Throws `plugin.*`, among them `plugin.unknown_route`, `capacity.pool_exhausted` and `client.gone`.
 */
export async function askRouters<R>(context: CallContext, exchange: Exchange, { slots, routes }: Routers<R>): Promise<RouteMatch<R> | undefined> {
  for (const slot of slots) {
    if (!isInScope(context, slot, exchange)) continue;
    const chosen = await runSlot<RouteMatch<R> | undefined>(context, exchange, {
      slot,
      bodyBytes: 0,
      encode: () => slot.encodeInput(exchange),
      read: (bytes) => readChoice(slot.plugin, bytes, exchange, routes),
      asOtoroshi: undecided,
    });
    if (chosen !== undefined) return chosen;
  }
  return undefined;
}

/** Otoroshi would run the route that it was given; where we cannot, another one must not get the request in silence. */
function undecided(error: AppError): undefined {
  if (error.code === 'plugin.unknown_route') throw error;
  return undefined;
}

function readChoice<R>(
  plugin: BoundPlugin,
  bytes: Uint8Array,
  exchange: Exchange,
  routes: Routers<R>['routes'],
): ParsedOutput<RouteMatch<R> | undefined> {
  if (bytes.length === 0) return { output: undefined, isLenient: false };
  const { output, isLenient } = readOutput(plugin, bytes, RouterOutput, withoutFields);
  const chosen = matchOf(plugin, output, exchange.request.target, routes);
  changeAttributes(exchange.attributes, output.attrs);
  return { output: chosen, isLenient };
}

/** What is no object, such as `null`, is no decision. */
function withoutFields(value: unknown): RouterOutput | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : {};
}

function matchOf<R>(plugin: BoundPlugin, output: RouterOutput, target: RequestTarget, routes: Routers<R>['routes']): RouteMatch<R> | undefined {
  const { route: reference } = output;
  if (reference === undefined || reference === null) return undefined;
  const { id, name } = typeof reference === 'string' ? { id: reference, name: undefined } : reference;
  const named = id ?? name ?? '';
  const route = routes.get(named);
  if (route === undefined) {
    const detail = named === '' ? 'the router answered a route without id and name' : `the router chose ${JSON.stringify(named)}, which is not there`;
    throw new AppError('plugin.unknown_route', { detail: detail.slice(0, detailMaxChars) });
  }
  return { route, segmentsTaken: segmentsTakenOf(plugin, output, target), pathParams: output.path_params ?? {}, chosenBy: plugin.name };
}

const detailMaxChars = 200;

/** Throws `plugin.bad_output` for a path that the request's does not begin with; Otoroshi strips nothing then. */
function segmentsTakenOf({ compat }: BoundPlugin, { path }: RouterOutput, { path: sent, segments }: RequestTarget): number {
  const matched = (path ?? '').replace(/^\//, '').replace(/\/$/, '');
  if (matched === '') return 0;
  const taken = matched.split('/');
  const raw = sent.slice(1).split('/');
  if (taken.every((part, index) => part === raw[index] || part === segments[index])) return taken.length;
  if (compat !== undefined) return 0;
  throw new AppError('plugin.bad_output', { detail: 'at /path: the path of the request does not begin with it' });
}
