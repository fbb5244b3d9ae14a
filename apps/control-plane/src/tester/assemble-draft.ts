import {
  defaultWorkspace,
  type FieldIssue,
  idPrefixes,
  type Route,
  RouteId,
  RouteSpec,
  Settings,
  type TesterRequest,
  type TrialDraft,
  testerLimits,
} from '@torii/contracts';
import { v7 } from 'uuid';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { Transaction } from '../prisma/prisma.service.js';
import { loadPlugins, slotReferences } from '../routes/find-plugins.js';
import { referencesOf, resolveReferences } from '../routes/resolve-references.js';
import { routeInput } from '../routes/route-input.js';
import { findRoute } from '../routes/routes.queries.js';
import { resolveSettingsAmong } from '../settings/resolve-settings.js';
import { assembleSnapshot, enabledRoutes, globalSlots, neededVersions } from '../snapshots/assemble-snapshot.js';
import { readEntity } from '../writes/entity-input.js';
import { type DraftPlugin, readDraftPlugins, withDraftPlugins } from './draft-plugins.js';
import { underPointer } from './under-pointer.js';

/** Saved routes with a plugin of the draft, of which those that have an older version of it are not its business. */
const lookedAtMax = 10 * testerLimits.draftRoutesMax;

type Draft = NonNullable<TesterRequest['draft']>;
type References = readonly { readonly plugin: string; readonly version: 'latest' | number }[];

interface DraftRoute {
  readonly id: string;
  readonly spec: RouteSpec;
}

/** What nodes are told of a draft, checked as if it were saved. Throws `client.invalid` with every problem of the first part that has one. */
export async function assembleDraft(tx: Transaction, draft: Draft): Promise<TrialDraft> {
  const without = await readWithout(tx, draft.without);
  const plugins = await readDraftPlugins(tx, draft.plugins as JsonObject[]);
  const routes = await readRoutes(tx, draft, { without, plugins });
  const affected = await savedRoutesOf(tx, plugins, new Set([...without, ...routes.map(({ id }) => id)]));
  if (routes.length + affected.length > testerLimits.draftRoutesMax) throw tooManyRoutes(affected.length);
  // One that is not enabled is served no more.
  for (const { id, spec } of routes) if (!spec.enabled) without.add(id);
  const settings = await draftSettings(tx, draft.settings, plugins);
  const contents = await contentsOf(tx, { routes: [...routes, ...affected], plugins, settings });
  const scratch = plugins.map(({ pluginId, version }) => `${pluginId}@${version}`);
  return { ...contents, without: [...without].map((id) => RouteId.parse(id)), ...(scratch.length === 0 ? {} : { scratch }) };
}

async function readWithout(tx: Transaction, references: Draft['without']): Promise<Set<string>> {
  const without = new Set<string>();
  for (const [index, reference] of references.entries()) {
    const route = await findRoute(tx, reference);
    if (route === undefined) throw invalid([unknownRoute(`/draft/without/${index}`, reference)]);
    without.add(route.id);
  }
  return without;
}

async function readRoutes(
  tx: Transaction,
  draft: Draft,
  { without, plugins }: { readonly without: ReadonlySet<string>; readonly plugins: readonly DraftPlugin[] },
): Promise<DraftRoute[]> {
  const routes: DraftRoute[] = [];
  for (const [index, body] of draft.routes.entries()) {
    const pointer = `/draft/routes/${index}`;
    const route = await underPointer(pointer, () => readRoute(tx, body as JsonObject, plugins));
    const isTwice = routes.some(({ id, spec }) => id === route.id || spec.name === route.spec.name);
    if (isTwice) throw invalid([{ pointer: `${pointer}/name`, detail: 'another route of the draft is the same' }]);
    if (without.has(route.id)) throw invalid([{ pointer, detail: 'the draft is to do without this route' }]);
    routes.push(route);
  }
  return routes;
}

/** The route as it would be saved: in the place of the one with its id or name, or as a new one. */
async function readRoute(tx: Transaction, body: JsonObject, plugins: readonly DraftPlugin[]): Promise<DraftRoute> {
  const current = await savedRoute(tx, body);
  const spec = readEntity(body, { ...routeInput, ...(current === undefined ? {} : { current, name: current.name }) });
  if (current !== undefined && spec.name !== current.name && (await findRoute(tx, spec.name)) !== undefined)
    throw invalid([{ pointer: '/name', detail: 'is taken by another route' }]);
  const known = withDraftPlugins(await loadPlugins(tx, referencesOf(spec)), plugins);
  return { id: current?.id ?? `${idPrefixes.route}_${v7()}`, spec: resolveReferences(known, spec).spec };
}

async function savedRoute(tx: Transaction, { id, name }: JsonObject): Promise<Route | undefined> {
  if (typeof id === 'string') {
    const route = await findRoute(tx, id);
    if (route === undefined) throw invalid([unknownRoute('/id', id)]);
    return route;
  }
  return typeof name === 'string' ? findRoute(tx, name) : undefined;
}

/** The saved routes that follow the newest version of a plugin of the draft, which would run it once that is saved. */
async function savedRoutesOf(tx: Transaction, plugins: readonly DraftPlugin[], except: ReadonlySet<string>): Promise<DraftRoute[]> {
  const ids = plugins.filter(({ isNew }) => !isNew).map(({ pluginId }) => pluginId);
  if (ids.length === 0) return [];
  const rows = await tx.route.findMany({
    where: { workspace: defaultWorkspace, enabled: true, id: { notIn: [...except] }, plugins: { some: { pluginId: { in: ids } } } },
    select: { id: true, spec: true },
    take: lookedAtMax,
  });
  if (rows.length === lookedAtMax) throw tooManyRoutes(rows.length);
  return rows.map((row) => ({ id: row.id, spec: RouteSpec.parse(row.spec) })).filter(({ spec }) => followsAny(referencesOf(spec), ids));
}

/** Undefined where the draft leaves the slots of all routes as they are. */
async function draftSettings(tx: Transaction, written: Settings | undefined, plugins: readonly DraftPlugin[]): Promise<Settings | undefined> {
  if (written !== undefined) {
    const known = withDraftPlugins(await loadPlugins(tx, slotReferences(written.plugins, 'settings')), plugins);
    return underPointer('/draft/settings', () => resolveSettingsAmong(known, written).settings);
  }
  const row = await tx.settings.findUnique({ where: { workspace: defaultWorkspace }, select: { spec: true } });
  const saved = row === null ? undefined : Settings.parse(row.spec);
  const ids = plugins.map(({ pluginId }) => pluginId);
  return saved !== undefined && followsAny(saved.plugins, ids) ? saved : undefined;
}

function followsAny(references: References, pluginIds: readonly string[]): boolean {
  return references.some(({ plugin, version }) => version === 'latest' && pluginIds.includes(plugin));
}

interface Contents {
  readonly routes: readonly DraftRoute[];
  readonly plugins: readonly DraftPlugin[];
  readonly settings: Settings | undefined;
}

async function contentsOf(
  tx: Transaction,
  { routes, plugins, settings }: Contents,
): Promise<Pick<TrialDraft, 'plugins' | 'routes' | 'globalPlugins'>> {
  const rows = routes.map(({ id, spec }) => ({ id, workspace: defaultWorkspace, name: spec.name, enabled: spec.enabled, spec }));
  const saved = await tx.plugin.findMany({ where: { workspace: defaultWorkspace }, select: { id: true, version: true } });
  const versions = new Map(saved.map(({ id, version }) => [id, version]));
  for (const { pluginId, version } of plugins) versions.set(pluginId, version);
  const enabled = enabledRoutes(rows, versions);
  const globals = globalSlots(settings, versions);
  const needed = neededVersions(enabled, globals);
  const found = await tx.pluginVersion.findMany({ where: { OR: needed.map(({ pluginId, version }) => ({ pluginId, version })) } });
  const snapshot = assembleSnapshot(enabled, [...found, ...plugins], globals);
  return { plugins: snapshot.plugins, routes: snapshot.routes, ...(settings === undefined ? {} : { globalPlugins: snapshot.globalPlugins ?? [] }) };
}

function tooManyRoutes(affected: number) {
  const detail = `saved routes run plugins of the draft (${affected} or more), and a draft may have ${testerLimits.draftRoutesMax} routes in all: save a plugin of another name, and try it on one of them`;
  return invalid([{ pointer: '/draft/plugins', detail }]);
}

function unknownRoute(pointer: string, reference: string): FieldIssue {
  return { pointer, detail: `there is no route "${reference}"`, code: 'unknown_reference' };
}
