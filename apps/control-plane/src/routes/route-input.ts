import { type FieldIssue, RouteSpec } from '@torii/contracts';
import type { JsonObject } from '../http/merge-patch.js';
import { expressionIssues } from './expression-issues.js';
import { routeReadOnly } from './route.mapper.js';
import { looseUpstreamIssues } from './upstream-issues.js';

/** How routes are read from bodies. */
export const routeInput = { schema: RouteSpec, readOnly: routeReadOnly, beyond: looseRouteIssues };

/** What of a route no node could use, as far as the parts of it have their shape. */
function looseRouteIssues(fields: JsonObject): FieldIssue[] {
  const match = RouteSpec.shape.match.safeParse(fields.match).data;
  const plugins = RouteSpec.shape.plugins.safeParse(fields.plugins).data;
  return [...expressionIssues({ match: match ?? [], plugins: plugins ?? [] }), ...looseUpstreamIssues(match, fields.target)];
}
