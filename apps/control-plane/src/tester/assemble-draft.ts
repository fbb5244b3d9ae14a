import {
  AppError,
  defaultWorkspace,
  type FieldIssue,
  idPrefixes,
  type Route,
  RouteId,
  RouteSpec,
  type TesterRequest,
  type TrialDraft,
} from '@torii/contracts';
import { v7 } from 'uuid';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { resolveReferences } from '../routes/resolve-references.js';
import { routeReadOnly } from '../routes/route.mapper.js';
import { findRoute } from '../routes/routes.queries.js';
import { assembleSnapshot, enabledRoutes, neededVersions } from '../snapshots/assemble-snapshot.js';
import { readEntity } from '../writes/entity-input.js';

type Draft = NonNullable<TesterRequest['draft']>;

interface DraftRoute {
  readonly id: string;
  readonly spec: RouteSpec;
}

/** What nodes are told of a draft, checked as if it were saved. Throws `client.invalid` with every problem of the first route that has one. */
export async function assembleDraft(tx: Transaction, draft: Draft): Promise<TrialDraft> {
  const without = new Set<string>();
  for (const [index, reference] of draft.without.entries()) {
    const route = await findRoute(tx, reference);
    if (route === undefined) throw invalid([unknownRoute(`/draft/without/${index}`, reference)]);
    without.add(route.id);
  }
  const routes: DraftRoute[] = [];
  for (const [index, body] of draft.routes.entries()) {
    const pointer = `/draft/routes/${index}`;
    const route = await under(pointer, () => readRoute(tx, body as JsonObject));
    const isTwice = routes.some(({ id, spec }) => id === route.id || spec.name === route.spec.name);
    if (isTwice) throw invalid([{ pointer: `${pointer}/name`, detail: 'another route of the draft is the same' }]);
    if (without.has(route.id)) throw invalid([{ pointer, detail: 'the draft is to do without this route' }]);
    routes.push(route);
  }
  // One that is not enabled is served no more.
  for (const { id, spec } of routes) if (!spec.enabled) without.add(id);
  return { ...(await contentsOf(tx, routes)), without: [...without].map((id) => RouteId.parse(id)) };
}

async function contentsOf(tx: Transaction, routes: readonly DraftRoute[]): Promise<Pick<TrialDraft, 'plugins' | 'routes'>> {
  const rows = routes.map(({ id, spec }) => ({ id, workspace: defaultWorkspace, name: spec.name, enabled: spec.enabled, spec }));
  const plugins = await tx.plugin.findMany({ where: { workspace: defaultWorkspace }, select: { id: true, version: true } });
  const enabled = enabledRoutes(rows, new Map(plugins.map(({ id, version }) => [id, version])));
  const needed = neededVersions(enabled);
  const versions = await tx.pluginVersion.findMany({ where: { OR: needed.map(({ pluginId, version }) => ({ pluginId, version })) } });
  const { plugins: snapshotPlugins, routes: snapshotRoutes } = assembleSnapshot(enabled, versions);
  return { plugins: snapshotPlugins, routes: snapshotRoutes };
}

/** The route as it would be saved: in the place of the one with its id or name, or as a new one. */
async function readRoute(tx: Transaction, body: JsonObject): Promise<DraftRoute> {
  const current = await savedRoute(tx, body);
  const spec = readEntity(body, { schema: RouteSpec, readOnly: routeReadOnly, ...(current === undefined ? {} : { current, name: current.name }) });
  if (current !== undefined && spec.name !== current.name && (await findRoute(tx, spec.name)) !== undefined)
    throw invalid([{ pointer: '/name', detail: 'is taken by another route' }]);
  const resolved = await resolveReferences(tx, spec);
  return { id: current?.id ?? `${idPrefixes.route}_${v7()}`, spec: resolved.spec };
}

async function savedRoute(tx: Transaction, { id, name }: JsonObject): Promise<Route | undefined> {
  if (typeof id === 'string') {
    const route = await findRoute(tx, id);
    if (route === undefined) throw invalid([unknownRoute('/id', id)]);
    return route;
  }
  return typeof name === 'string' ? findRoute(tx, name) : undefined;
}

function unknownRoute(pointer: string, reference: string): FieldIssue {
  return { pointer, detail: `there is no route "${reference}"`, code: 'unknown_reference' };
}

/** What is wrong with a part of the body is told of the whole. */
async function under<Result>(pointer: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'client.invalid') throw error;
    throw invalid(error.issues.map((issue) => ({ ...issue, pointer: `${pointer}${issue.pointer}` })));
  }
}
