import { PluginSpec, RouteSpec, ServedKind, Settings, type SnapshotPlugin, type SnapshotRoute, type SnapshotSlot } from '@torii/contracts';
import { grantsOf, storeLimitsOf } from '@torii/module-check';

interface RouteRow {
  readonly id: string;
  readonly workspace: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly spec: unknown;
}

interface PluginVersionRow {
  readonly pluginId: string;
  readonly workspace: string;
  readonly version: number;
  readonly spec: unknown;
  readonly resolvedSha256: string;
}

export interface SnapshotContents {
  readonly plugins: SnapshotPlugin[];
  readonly globalPlugins?: SnapshotSlot[];
  readonly routes: SnapshotRoute[];
}

export interface VersionChoice {
  readonly pluginId: string;
  readonly version: number;
}

interface Reference {
  readonly plugin: string;
  readonly version: 'latest' | number;
}

/** A slot that is enabled, with the plugin version it runs. */
export interface EnabledSlot {
  readonly slot: RouteSpec['plugins'][0];
  readonly runs: VersionChoice;
}

/** An enabled route with its enabled slots, and the plugin version its target runs, if it runs one. */
export interface EnabledRoute {
  readonly row: RouteRow;
  readonly spec: RouteSpec;
  readonly runs: VersionChoice | undefined;
  readonly slots: readonly EnabledSlot[];
}

/**
 * The enabled routes with their references resolved; `currentVersions` is what `latest` means for each plugin id.
 *
 * Throws when a route refers to a plugin that is not there, which the checks and foreign keys of the writes rule out.
 */
export function enabledRoutes(rows: readonly RouteRow[], currentVersions: ReadonlyMap<string, number>): EnabledRoute[] {
  return rows
    .filter((row) => row.enabled)
    .map((row) => {
      const spec = RouteSpec.parse(row.spec);
      const owner = `route ${row.id}`;
      const runs = spec.target.kind === 'function' ? chosenVersion(spec.target, owner, currentVersions) : undefined;
      return { row, spec, runs, slots: enabledSlots(spec.plugins, owner, currentVersions) };
    });
}

/** The enabled slots of the settings, which run on every route; `spec` is undefined where nobody has written any. Throws as `enabledRoutes` does. */
export function globalSlots(spec: unknown, currentVersions: ReadonlyMap<string, number>): EnabledSlot[] {
  return spec === undefined ? [] : enabledSlots(Settings.parse(spec).plugins, 'the settings', currentVersions);
}

function enabledSlots(slots: RouteSpec['plugins'], owner: string, currentVersions: ReadonlyMap<string, number>): EnabledSlot[] {
  return slots.filter(({ enabled }) => enabled).map((slot) => ({ slot, runs: chosenVersion(slot, owner, currentVersions) }));
}

function chosenVersion({ plugin, version }: Reference, owner: string, currentVersions: ReadonlyMap<string, number>): VersionChoice {
  const chosen = version === 'latest' ? currentVersions.get(plugin) : version;
  if (chosen === undefined) throw new Error(`${owner} refers to plugin ${plugin}, which is not there`);
  return { pluginId: plugin, version: chosen };
}

/** Which plugin versions the routes and the slots of all routes run, each once. */
export function neededVersions(routes: readonly Pick<EnabledRoute, 'runs' | 'slots'>[], globals: readonly EnabledSlot[] = []): VersionChoice[] {
  const runs = [{ runs: undefined, slots: globals }, ...routes].flatMap((route) => [
    ...(route.runs === undefined ? [] : [route.runs]),
    ...route.slots.map((slot) => slot.runs),
  ]);
  return [...new Map(runs.map((choice) => [keyOf(choice), choice])).values()];
}

/**
 * What nodes get to see: the enabled routes and the plugin versions they run. The order of the rows does not matter, and
 * versions that no route runs are left out. Throws when a version that a route runs is not among them.
 */
export function assembleSnapshot(
  routes: readonly EnabledRoute[],
  pluginVersions: readonly PluginVersionRow[],
  globals: readonly EnabledSlot[] = [],
): SnapshotContents {
  const needed = new Set(neededVersions(routes, globals).map(keyOf));
  const plugins = new Map(pluginVersions.filter((row) => needed.has(keyOf(row))).map((row) => [keyOf(row), toSnapshotPlugin(row)]));
  const snapshotRoutes = routes.map((route) => {
    const gone = neededVersions([route]).find((choice) => !plugins.has(keyOf(choice)));
    if (gone !== undefined) throw new Error(`route ${route.row.id} runs version ${gone.version} of plugin ${gone.pluginId}, which is not there`);
    return toSnapshotRoute(route);
  });
  const lacking = globals.find(({ runs }) => !plugins.has(keyOf(runs)));
  if (lacking !== undefined)
    throw new Error(`the settings run version ${lacking.runs.version} of plugin ${lacking.runs.pluginId}, which is not there`);
  return {
    plugins: [...plugins.values()].sort(byIdAndVersion),
    ...(globals.length === 0 ? {} : { globalPlugins: globals.map(toSnapshotSlot) }),
    routes: snapshotRoutes.sort(byId),
  };
}

function keyOf({ pluginId, version }: VersionChoice): string {
  return `${pluginId}@${version}`;
}

function toSnapshotPlugin(row: PluginVersionRow): SnapshotPlugin {
  const spec = PluginSpec.parse(row.spec);
  const storeLimits = storeLimitsOf(spec.hostFunctions);
  const kind = ServedKind.safeParse(spec.kind);
  if (!kind.success) throw new Error(`plugin ${row.pluginId} has the kind ${spec.kind}, which nodes do not serve`);
  return {
    id: row.pluginId as SnapshotPlugin['id'],
    name: spec.name,
    workspace: row.workspace,
    version: row.version,
    kind: kind.data,
    sha256: row.resolvedSha256,
    functionName: spec.functionName,
    wasi: spec.wasi,
    allowedHosts: spec.allowedHosts,
    allowPrivate: spec.allowPrivate,
    grants: [...grantsOf(spec.hostFunctions)].sort(),
    ...(storeLimits === undefined ? {} : { storeLimits }),
    mapStore: spec.mapStore,
    isolation: spec.isolation,
    ...(spec.compat === 'otoroshi' ? { compat: spec.compat } : {}),
    config: spec.config,
    limits: spec.limits,
  };
}

function toSnapshotRoute({ row, spec, runs, slots }: EnabledRoute): SnapshotRoute {
  return {
    id: row.id as SnapshotRoute['id'],
    name: row.name,
    workspace: row.workspace,
    match: spec.match.map(({ hosts, paths, methods, headers, query, cookies }) => ({
      hosts,
      paths,
      methods,
      ...(headers.length === 0 ? {} : { headers }),
      ...(query.length === 0 ? {} : { query }),
      ...(cookies.length === 0 ? {} : { cookies }),
    })),
    ...(spec.priority === 0 ? {} : { priority: spec.priority }),
    stripPath: spec.stripPath,
    ...(slots.length === 0 ? {} : { plugins: slots.map(toSnapshotSlot) }),
    target: toSnapshotTarget(spec.target, runs),
  };
}

function toSnapshotSlot({ slot, runs }: EnabledSlot): SnapshotSlot {
  const { include, exclude, config, onError } = slot;
  return { plugin: runs.pluginId as SnapshotPlugin['id'], version: runs.version, include, exclude, config, onError };
}

function toSnapshotTarget(target: RouteSpec['target'], runs: VersionChoice | undefined): SnapshotRoute['target'] {
  if (target.kind !== 'function') return target;
  if (runs === undefined) throw new Error('a function has no version that it runs');
  const { upstream } = target;
  return { kind: 'function', plugin: runs.pluginId as SnapshotPlugin['id'], version: runs.version, ...(upstream === undefined ? {} : { upstream }) };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

function byIdAndVersion(a: SnapshotPlugin, b: SnapshotPlugin): number {
  return a.id === b.id ? a.version - b.version : byId(a, b);
}
