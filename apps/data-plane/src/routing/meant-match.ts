import { AppError } from '@torii/contracts';
import type { RouteMatch } from './route-table.js';

/** Routes of one request that may say it is not for them: each costs a call of a plugin. */
const refusalsMax = 32;

/**
 * The first match that is meant. `isMeant` asks one; `next` finds the best among the routes that have not refused, and
 * throws `routing.*` when there is none, which is then the answer. Throws `routing.no_route` after 32 refusals.
 */
export async function meantMatch<R>(
  first: RouteMatch<R>,
  isMeant: (match: RouteMatch<R>) => Promise<boolean>,
  next: (refused: ReadonlySet<R>) => RouteMatch<R>,
): Promise<RouteMatch<R>> {
  const refused = new Set<R>();
  let match = first;
  while (!(await isMeant(match))) {
    refused.add(match.route);
    if (refused.size >= refusalsMax) throw new AppError('routing.no_route', { detail: `${refusalsMax} routes have refused the request` });
    match = next(refused);
  }
  return match;
}
