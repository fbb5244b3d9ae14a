import { PluginSpec, pluginVersionKey, RouteSpec, type SnapshotPlugin, type SnapshotRoute } from '@torii/contracts';
import { grantsOf } from '../plugins/grants.js';

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

export interface ConfigRows {
  readonly routes: readonly RouteRow[];
  /** Plugin id to its current version, which `latest` means. */
  readonly currentVersions: ReadonlyMap<string, number>;
  readonly pluginVersions: readonly PluginVersionRow[];
}

export interface SnapshotContents {
  readonly plugins: SnapshotPlugin[];
  readonly routes: SnapshotRoute[];
}

export interface VersionChoice {
  readonly pluginId: string;
  readonly version: number;
}

/** Which plugin versions the enabled routes run, each once. */
export function neededVersions(rows: Pick<ConfigRows, 'routes' | 'currentVersions'>): VersionChoice[] {
  const choices = new Map<string, VersionChoice>();
  for (const row of rows.routes) {
    const choice = row.enabled ? targetOf(RouteSpec.parse(row.spec), rows.currentVersions) : undefined;
    if (choice !== undefined) choices.set(`${choice.pluginId}@${choice.version}`, choice);
  }
  return [...choices.values()];
}

/**
 * What nodes get to see: the enabled routes and the plugin versions they run, every reference resolved.
 *
 * The order of the rows does not matter. Throws when a route refers to something that is not among them, which the
 * checks and foreign keys of the writes rule out.
 */
export function assembleSnapshot(rows: ConfigRows): SnapshotContents {
  const versions = new Map(rows.pluginVersions.map((row) => [`${row.pluginId}@${row.version}`, row]));
  const plugins = new Map<string, SnapshotPlugin>();
  const routes: SnapshotRoute[] = [];
  for (const row of rows.routes) {
    if (!row.enabled) continue;
    const spec = RouteSpec.parse(row.spec);
    const choice = targetOf(spec, rows.currentVersions);
    const version = choice === undefined ? undefined : versions.get(`${choice.pluginId}@${choice.version}`);
    if (version === undefined) throw new Error(`route ${row.id} refers to a plugin version that is not there`);
    const plugin = toSnapshotPlugin(version);
    plugins.set(pluginVersionKey(plugin), plugin);
    routes.push(toSnapshotRoute(row, spec, plugin));
  }
  return { plugins: [...plugins.values()].sort(byId), routes: routes.sort(byId) };
}

function targetOf(spec: RouteSpec, currentVersions: ReadonlyMap<string, number>): VersionChoice | undefined {
  if (spec.target.kind !== 'function') return undefined;
  const pluginId = spec.target.plugin;
  const version = spec.target.version === 'latest' ? currentVersions.get(pluginId) : spec.target.version;
  return version === undefined ? undefined : { pluginId, version };
}

function toSnapshotPlugin(row: PluginVersionRow): SnapshotPlugin {
  const spec = PluginSpec.parse(row.spec);
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
    mapStore: spec.mapStore,
    config: spec.config,
    limits: spec.limits,
  };
}

function toSnapshotRoute(row: RouteRow, spec: RouteSpec, plugin: SnapshotPlugin): SnapshotRoute {
  return {
    id: row.id as SnapshotRoute['id'],
    name: row.name,
    workspace: row.workspace,
    match: spec.match.map(({ hosts, paths, methods }) => ({ hosts, paths, methods })),
    stripPath: spec.stripPath,
    target: { kind: 'function', plugin: plugin.id, version: plugin.version },
  };
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}
