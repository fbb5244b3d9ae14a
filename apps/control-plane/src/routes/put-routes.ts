import { canonicalJson } from '@torii/config-sync';
import { AppError, defaultWorkspace, idPrefixes, type Route, RouteId, type RouteSpec, warningHeader } from '@torii/contracts';
import { v7 } from 'uuid';
import { Answer } from '../http/answer.js';
import { etagOf } from '../http/etag.js';
import type { Write } from '../writes/config-writer.service.js';
import { type Put, type PutResult, TakenNames } from '../writes/put.js';
import { matchKeys } from './match-keys.js';
import { type ResolvedRoute, resolveAllReferences } from './resolve-references.js';
import { routeSpecOf, withPlugins } from './route.mapper.js';
import { conflictWarnings } from './route-conflicts.js';

export type RoutePut = Put<Route, RouteSpec>;

/** A route that is new, or another than it was. */
interface Changed {
  readonly current: Route | undefined;
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly matchKeys: readonly string[];
  readonly resolved: ResolvedRoute;
}

/**
 * Makes and changes routes in a write that is under way, each of them once, with a number of statements that does not grow
 * with theirs. For each in its place what it has come to, or why it is refused (`client.invalid`, `client.conflict`): then
 * nothing of it is written, and the others are. What changes nothing makes no revision.
 */
export async function putRoutes(write: Write, puts: readonly RoutePut[]): Promise<PutResult<Route>[]> {
  const resolved = await resolveAllReferences(
    write.tx,
    puts.map(({ spec }) => spec),
  );
  const names = await namesTaken(write, puts);
  const changes: Changed[] = [];
  const judged = puts.map(({ current, spec }, index): Changed | PutResult<Route> => {
    const route = resolved[index];
    if (route === undefined || route instanceof AppError) return route ?? new AppError('client.invalid');
    if (current !== undefined && spellsTheSame(current, route)) return new Answer(200, current, { etag: etagOf(current) });
    const refusal = names.refusal(spec.name, current);
    if (refusal !== undefined) return refusal;
    names.take(spec.name);
    const change = changeOf(current, route);
    changes.push(change);
    return change;
  });
  const warnings = await conflictWarnings(write.tx, changes);
  await writeRoutes(write, changes);
  await linkPlugins(write, changes);
  return judged.map((one) => (one instanceof Answer || one instanceof AppError ? one : recorded(write, one, warnings.get(one.id))));
}

function namesTaken({ tx }: Write, puts: readonly RoutePut[]): Promise<TakenNames> {
  return TakenNames.load('route', puts, (wanted) =>
    tx.route.findMany({ where: { workspace: defaultWorkspace, name: { in: wanted } }, select: { id: true, name: true } }),
  );
}

function changeOf(current: Route | undefined, resolved: ResolvedRoute): Changed {
  const { name, enabled } = resolved.spec;
  const id = current?.id ?? `${idPrefixes.route}_${v7()}`;
  return { current, id, name, enabled, matchKeys: matchKeys(resolved.spec, resolved.matchers), resolved };
}

/** As JSON: through the client of the database a thousand rows take ten times as long. */
async function writeRoutes({ tx, now }: Write, changes: readonly Changed[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ id, name, enabled, matchKeys: keys, resolved: { spec } }) => ({
    id,
    name,
    enabled,
    tags: spec.tags,
    matchKeys: keys,
    spec,
  }));
  await tx.$executeRaw`
    INSERT INTO routes (id, workspace, name, enabled, tags, match_keys, spec, created_at, updated_at)
    SELECT id, ${defaultWorkspace}, name, enabled, ARRAY(SELECT jsonb_array_elements_text(tags)), ARRAY(SELECT jsonb_array_elements_text("matchKeys")), spec,
      ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS row (id text, name text, enabled bool, tags jsonb, "matchKeys" jsonb, spec jsonb)
    ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, enabled = EXCLUDED.enabled, tags = EXCLUDED.tags, match_keys = EXCLUDED.match_keys,
      spec = EXCLUDED.spec, updated_at = EXCLUDED.updated_at`;
}

async function linkPlugins({ tx }: Write, changes: readonly Changed[]): Promise<void> {
  const known = changes.filter(({ current }) => current !== undefined).map(({ id }) => id);
  if (known.length > 0) await tx.routePlugin.deleteMany({ where: { routeId: { in: known } } });
  const links = changes.flatMap(({ id, resolved }) => [...resolved.pluginNames.keys()].map((pluginId) => ({ routeId: id, pluginId })));
  if (links.length === 0) return;
  await tx.$executeRaw`
    INSERT INTO route_plugins (route_id, plugin_id, workspace)
    SELECT "routeId", "pluginId", ${defaultWorkspace} FROM jsonb_to_recordset(${JSON.stringify(links)}::jsonb) AS row ("routeId" text, "pluginId" text)`;
}

function recorded(write: Write, { current, id, resolved }: Changed, warning: string | undefined): Answer<Route> {
  const writtenAt = write.now.toISOString();
  const route: Route = { ...asAnswered(resolved), id: RouteId.parse(id), createdAt: current?.createdAt ?? writtenAt, updatedAt: writtenAt };
  const entity = { entityKind: 'route', entityId: id, entityName: route.name } as const;
  const headers = { etag: etagOf(route), ...(warning === undefined ? {} : { [warningHeader]: warning }) };
  if (current !== undefined) {
    write.record({ action: 'update', ...entity, before: current, after: route });
    return new Answer(200, route, headers);
  }
  write.record({ action: 'create', ...entity, after: route });
  return new Answer(201, route, { ...headers, location: `/api/v1/routes/${id}` });
}

/** Whether the route as written, its plugins by name, is the route as it is. */
function spellsTheSame(current: Route, resolved: ResolvedRoute): boolean {
  return canonicalJson(asAnswered(resolved)) === canonicalJson(routeSpecOf(current));
}

/** Its plugins by name. */
function asAnswered({ spec, pluginNames }: ResolvedRoute): RouteSpec {
  return withPlugins(spec, (id) => pluginNames.get(id) ?? id);
}
