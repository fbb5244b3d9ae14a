import { PluginSpec, RouteSpec, type SnapshotPlugin, type SnapshotRoute } from '@torii/contracts';
import { grantsOf, storeLimitsOf } from '../plugins/grants.js';

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
  readonly routes: SnapshotRoute[];
}

export interface VersionChoice {
  readonly pluginId: string;
  readonly version: number;
}

/** An enabled route, and the plugin version it runs, if it runs one. */
export interface EnabledRoute {
  readonly row: RouteRow;
  readonly spec: RouteSpec;
  readonly runs: VersionChoice | undefined;
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
      const runs = targetOf(spec, currentVersions);
      if (spec.target.kind === 'function' && runs === undefined) throw new Error(`route ${row.id} has no plugin`);
      return { row, spec, runs };
    });
}

/** Which plugin versions the routes run, each once. */
export function neededVersions(routes: readonly EnabledRoute[]): VersionChoice[] {
  const runs = routes.flatMap((route) => route.runs ?? []);
  return [...new Map(runs.map((choice) => [keyOf(choice), choice])).values()];
}

/**
 * What nodes get to see: the enabled routes and the plugin versions they run. The order of the rows does not matter, and
 * versions that no route runs are left out. Throws when a version that a route runs is not among them.
 */
export function assembleSnapshot(routes: readonly EnabledRoute[], pluginVersions: readonly PluginVersionRow[]): SnapshotContents {
  const needed = new Set(neededVersions(routes).map(keyOf));
  const plugins = new Map(pluginVersions.filter((row) => needed.has(keyOf(row))).map((row) => [keyOf(row), toSnapshotPlugin(row)]));
  const snapshotRoutes = routes.map(({ row, spec, runs }) => {
    if (runs !== undefined && !plugins.has(keyOf(runs)))
      throw new Error(`route ${row.id} runs version ${runs.version} of its plugin, which is not there`);
    return toSnapshotRoute(row, spec, runs);
  });
  return { plugins: [...plugins.values()].sort(byIdAndVersion), routes: snapshotRoutes.sort(byId) };
}

function keyOf({ pluginId, version }: VersionChoice): string {
  return `${pluginId}@${version}`;
}

function targetOf(spec: RouteSpec, currentVersions: ReadonlyMap<string, number>): VersionChoice | undefined {
  if (spec.target.kind !== 'function') return undefined;
  const pluginId = spec.target.plugin;
  const version = spec.target.version === 'latest' ? currentVersions.get(pluginId) : spec.target.version;
  return version === undefined ? undefined : { pluginId, version };
}

function toSnapshotPlugin(row: PluginVersionRow): SnapshotPlugin {
  const spec = PluginSpec.parse(row.spec);
  const storeLimits = storeLimitsOf(spec.hostFunctions);
  if (spec.kind !== 'backend') throw new Error(`plugin ${row.pluginId} has the kind ${spec.kind}, which nodes do not serve`);
  return {
    id: row.pluginId as SnapshotPlugin['id'],
    name: spec.name,
    workspace: row.workspace,
    version: row.version,
    kind: spec.kind,
    sha256: row.resolvedSha256,
    functionName: spec.functionName,
    wasi: spec.wasi,
    allowedHosts: spec.allowedHosts,
    allowPrivate: spec.allowPrivate,
    grants: [...grantsOf(spec.hostFunctions)].sort(),
    ...(storeLimits === undefined ? {} : { storeLimits }),
    mapStore: spec.mapStore,
    isolation: spec.isolation,
    config: spec.config,
    limits: spec.limits,
  };
}

function toSnapshotRoute(row: RouteRow, spec: RouteSpec, runs: VersionChoice | undefined): SnapshotRoute {
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
    target: toSnapshotTarget(spec.target, runs),
  };
}

function toSnapshotTarget(target: RouteSpec['target'], runs: VersionChoice | undefined): SnapshotRoute['target'] {
  if (runs !== undefined) return { kind: 'function', plugin: runs.pluginId as SnapshotPlugin['id'], version: runs.version };
  if (target.kind === 'redirect' || target.kind === 'static') return target;
  throw new Error(`nodes do not serve the target ${target.kind}`);
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

function byIdAndVersion(a: SnapshotPlugin, b: SnapshotPlugin): number {
  return a.id === b.id ? a.version - b.version : byId(a, b);
}
