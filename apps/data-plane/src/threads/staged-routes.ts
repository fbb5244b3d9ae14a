import { hash } from 'node:crypto';
import { pluginVersionKey, type SnapshotRoute, type SnapshotSlot, upstreamOf } from '@torii/contracts';
import type { CountedSnapshot, StagedSnapshot, ToldRoute } from './thread-messages.js';

/** The routes of a configuration, each with a key: where two keys are equal, so is all that the route is bound with. */
export interface RouteKeys {
  readonly serial: number;
  /** By the ids of the routes. */
  readonly keys: ReadonlyMap<string, string>;
}

export interface KeyedSnapshot {
  readonly snapshot: CountedSnapshot;
  readonly routeKeys: RouteKeys;
}

type VersionReference = Pick<SnapshotSlot, 'plugin' | 'version'>;

/** `serial` is that of no other configuration of the node. */
export function keyedSnapshot(snapshot: CountedSnapshot, serial: number): KeyedSnapshot {
  const { plugins, pluginRows, globalPlugins, routes, routeRows, upstreamCells } = snapshot;
  const boundWith = new Map(plugins.map(({ key, plugin }, index) => [pluginVersionKey(plugin), `${key} ${pluginRows[index]}`]));
  const keyOf = ({ plugin, version }: VersionReference): string | undefined => boundWith.get(pluginVersionKey({ id: plugin, version }));
  const everywhere = digestOf([globalPlugins, globalPlugins.map(keyOf)]);
  const keys = routes.map((route, index): [string, string] => {
    const cells = upstreamOf(route.target) === undefined ? undefined : upstreamCells.get(route.id);
    return [route.id, digestOf([route, routeRows[index], cells, everywhere, referencesOf(route).map(keyOf)])];
  });
  return { snapshot, routeKeys: { serial, keys: new Map(keys) } };
}

/** What a thread has to be told that serves those routes already; all of them where it serves none, or it is not known which. */
export function stagedSnapshot({ snapshot, routeKeys }: KeyedSnapshot, holds: RouteKeys | undefined): StagedSnapshot {
  const { routes, routeRows, upstreamCells, ...rest } = snapshot;
  const { serial, keys } = routeKeys;
  const told: ToldRoute[] = [];
  for (const [index, route] of routes.entries()) {
    if (holds === undefined || holds.keys.get(route.id) !== keys.get(route.id))
      told.push({ route, row: routeRows[index] ?? 0, cells: upstreamCells.get(route.id) });
  }
  const gone = Array.from(holds?.keys ?? []).flatMap(([id, key]) => (keys.get(id) === key ? [] : [id]));
  return { ...rest, routes: { serial, onto: holds?.serial, gone, told } };
}

function referencesOf({ target, plugins = [] }: SnapshotRoute): readonly VersionReference[] {
  return target.kind === 'function' ? [target, ...plugins] : plugins;
}

/** 132 bits are enough to tell texts apart; the main thread keeps many of these. */
function digestOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url').slice(0, 22);
}
