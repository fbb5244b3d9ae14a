import { hash } from 'node:crypto';
import { pluginVersionKey, type SnapshotRoute, type SnapshotSlot, upstreamOf } from '@torii/contracts';
import type { CountedSnapshot, StagedSnapshot, ToldRoute } from './thread-messages.js';

/** A configuration with a key for each of its routes: where two keys are equal, so is all that the routes are bound with. */
export interface KeyedSnapshot {
  readonly snapshot: CountedSnapshot;
  /** In the order of the routes. */
  readonly routeKeys: readonly string[];
}

type VersionReference = Pick<SnapshotSlot, 'plugin' | 'version'>;

export function keyedSnapshot(snapshot: CountedSnapshot): KeyedSnapshot {
  const { plugins, pluginRows, globalPlugins, routes, routeRows, upstreamCells } = snapshot;
  const boundWith = new Map(plugins.map(({ key, plugin }, index) => [pluginVersionKey(plugin), `${key} ${pluginRows[index]}`]));
  const keyOf = ({ plugin, version }: VersionReference): string | undefined => boundWith.get(pluginVersionKey({ id: plugin, version }));
  const everywhere = digestOf([globalPlugins, globalPlugins.map(keyOf)]);
  const routeKeys = routes.map((route, index) => {
    const cells = upstreamOf(route.target) === undefined ? undefined : upstreamCells.get(route.id);
    return digestOf([route, routeRows[index], cells, everywhere, referencesOf(route).map(keyOf)]);
  });
  return { snapshot, routeKeys };
}

/** What a thread has to be told that holds the routes of these keys already. */
export function stagedSnapshot({ snapshot, routeKeys }: KeyedSnapshot, held: ReadonlySet<string>): StagedSnapshot {
  const { routes, routeRows, ...rest } = snapshot;
  const told = new Map<string, ToldRoute>();
  for (const [index, route] of routes.entries()) {
    const key = routeKeys[index] ?? '';
    if (!held.has(key)) told.set(key, { route, row: routeRows[index] ?? 0 });
  }
  return { ...rest, routeKeys, told };
}

function referencesOf({ target, plugins = [] }: SnapshotRoute): readonly VersionReference[] {
  return target.kind === 'function' ? [target, ...plugins] : plugins;
}

/** 132 bits are enough to tell texts apart; threads are sent many of these. */
function digestOf(value: unknown): string {
  return hash('sha256', JSON.stringify(value), 'base64url').slice(0, 22);
}
