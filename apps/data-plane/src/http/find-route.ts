import { AppError } from '@torii/contracts';
import type { RequestAttributes } from '@torii/wasm-runtime';
import type { BoundRoute, RetainedRevision } from '../config/active-revision.js';
import { askRouters, type Routers } from '../pipeline/ask-routers.js';
import { askSinks } from '../pipeline/ask-sinks.js';
import type { CallContext } from '../pipeline/call-plugin.js';
import type { GatewayResponse } from '../pipeline/gateway-request.js';
import { isMeant } from '../pipeline/is-meant.js';
import { meantMatch } from '../routing/meant-match.js';
import type { RouteMatch } from '../routing/route-table.js';
import type { Inspection } from '../tester/inspection.js';
import type { ReceivedRequest } from './received-request.js';

export interface RouteSearch {
  readonly revision: RetainedRevision;
  readonly request: ReceivedRequest;
  readonly calls: CallContext;
  readonly inspection: Inspection | undefined;
}

/** Where a request goes: to its route or, where none matches, nowhere, because a sink has answered it. */
export type Routed =
  | { readonly match: RouteMatch<BoundRoute>; readonly attributes?: RequestAttributes | undefined }
  | { readonly answer: GatewayResponse };

/**
 * The route that a router of the settings chooses, else the best of the table that its matchers mean, else what a sink
 * answers. At once, not by a promise, where no plugin has a say.
 *
 * Throws or rejects with `routing.*`, or what asking plugins throws.
 */
export function findRoute(search: RouteSearch): Routed | Promise<Routed> {
  const { routers } = search.revision;
  return routers === undefined ? matchTable(search) : routeByRouters(search, routers);
}

async function routeByRouters(search: RouteSearch, routers: Routers<BoundRoute>): Promise<Routed> {
  const exchange = search.request.exchange(undefined);
  const match = await askRouters(search.calls, exchange, routers);
  const { attributes } = exchange;
  return match === undefined ? matchTable(search, attributes) : { match, attributes };
}

function matchTable(search: RouteSearch, attributes?: RequestAttributes): Routed | Promise<Routed> {
  const { revision, request } = search;
  let match: RouteMatch<BoundRoute>;
  try {
    match = revision.routeTable.match(request.target, request.req);
  } catch (error) {
    if (revision.sinks.length === 0) throw error;
    return answerBySink(search, error, attributes);
  }
  const { slots } = match.route;
  return slots === undefined || slots.matchers.length === 0 ? { match, attributes } : matchMeant(search, match, attributes);
}

/** Each route's matchers see what routers have set, and nothing of one another. */
async function matchMeant(search: RouteSearch, first: RouteMatch<BoundRoute>, attributes: RequestAttributes | undefined): Promise<Routed> {
  const { revision, request, calls, inspection } = search;
  const isFor = (match: RouteMatch<BoundRoute>): Promise<boolean> => {
    inspection?.asks(match.route);
    return isMeant(calls, request.exchange(match, attributes?.copy()), match.route.slots?.matchers ?? []);
  };
  try {
    const match = await meantMatch(first, isFor, (refused) => revision.routeTable.match(request.target, request.req, refused));
    return { match, attributes };
  } catch (error) {
    return answerBySink(search, error, attributes);
  }
}

/** Throws the error itself when it is another one than that there is no route, or no sink wants the request. */
async function answerBySink({ revision, request, calls }: RouteSearch, error: unknown, attributes: RequestAttributes | undefined): Promise<Routed> {
  if (AppError.from(error).code !== 'routing.no_route') throw error;
  const answer = await askSinks(calls, request.exchange(undefined, attributes), revision.sinks);
  if (answer === undefined) throw error;
  return { answer };
}
