import { pluginVersionKey, type SnapshotPlugin, type SnapshotRoute } from '@torii/contracts';
import type { InstancePool, PreparedModule } from '@torii/wasm-runtime';
import type { BoundRoute, Revision } from '../config/active-revision.js';
import { inputEncoder } from '../pipeline/encode-input.js';
import { RouteTable } from '../routing/route-table.js';
import type { PoolRegistry } from './pool-registry.js';
import type { CompiledSnapshot } from './thread-messages.js';

/**
 * Builds a revision beside the active one: pools of new plugin versions with one warm instance each, and the route
 * table. Pools that the active revision has are shared, so a change elsewhere leaves their instances alone.
 *
 * Throws `config.*` and leaves nothing behind when any part fails.
 */
export async function stageRevision(
  snapshot: CompiledSnapshot,
  pools: PoolRegistry,
  open: (plugin: SnapshotPlugin, prepared: PreparedModule) => Promise<InstancePool>,
): Promise<Revision> {
  const plugins = new Map<string, { plugin: SnapshotPlugin; pool: InstancePool }>();
  const retained: string[] = [];
  const dispose = (): void => {
    for (const key of retained) pools.release(key);
  };
  try {
    for (const { key, plugin, prepared } of snapshot.plugins) {
      const pool = await pools.retain(key, () => open(plugin, prepared));
      retained.push(key);
      plugins.set(pluginVersionKey(plugin), { plugin, pool });
    }
    const routes = snapshot.routes.flatMap((route): BoundRoute[] => {
      const target = plugins.get(pluginVersionKey({ id: route.target.plugin, version: route.target.version }));
      return target === undefined ? [] : [bind(route, target.plugin, target.pool)];
    });
    return { number: snapshot.revision, routeTable: new RouteTable(routes), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

function bind(route: SnapshotRoute, plugin: SnapshotPlugin, pool: InstancePool): BoundRoute {
  return {
    name: route.name,
    match: route.match,
    stripPath: route.stripPath,
    requestMaxBytes: plugin.limits.requestMaxBytes,
    pluginName: plugin.name,
    pluginVersion: plugin.version,
    target: { pool, encodeInput: inputEncoder(route, plugin) },
  };
}
