import { setImmediate as nextTurn } from 'node:timers/promises';
import { pluginVersionKey, type SnapshotPlugin, type SnapshotRoute } from '@torii/contracts';
import type { InstancePool, PreparedModule } from '@torii/wasm-runtime';
import type { BoundRoute, Revision } from '../config/active-revision.js';
import { inputEncoder } from '../pipeline/encode-input.js';
import { fixedTarget } from '../pipeline/fixed-target.js';
import type { RouteTarget, RunningPlugin } from '../pipeline/route-target.js';
import { RouteTable } from '../routing/route-table.js';
import type { PoolRegistry } from './pool-registry.js';
import type { CountedSnapshot } from './thread-messages.js';

/** Requests are served in between when building takes longer. */
const stretchMs = 3;

export interface StageDeps {
  readonly pools: PoolRegistry;
  /** Makes the pool of a plugin version, with one warm instance. */
  readonly open: (plugin: SnapshotPlugin, prepared: PreparedModule) => Promise<InstancePool>;
  readonly running: RunningPlugin;
}

/**
 * Builds a revision beside the active one: pools of new plugin versions with one warm instance each, and the route
 * table. Pools that the active revision has are shared, so a change elsewhere leaves their instances alone.
 *
 * Throws `config.*` and leaves nothing behind when any part fails.
 */
export async function stageRevision(snapshot: CountedSnapshot, deps: StageDeps): Promise<Revision> {
  const plugins = new Map<string, FunctionParts>();
  const retained: string[] = [];
  const dispose = (): void => {
    for (const key of retained) deps.pools.release(key);
  };
  let stretchStartedAtMs = performance.now();
  try {
    for (const [index, { key, plugin, prepared }] of snapshot.plugins.entries()) {
      const row = snapshot.pluginRows[index] ?? 0;
      const pool = await deps.pools.retain(key, row, () => deps.open(plugin, prepared));
      retained.push(key);
      plugins.set(pluginVersionKey(plugin), { plugin, pool, row });
      if (performance.now() - stretchStartedAtMs < stretchMs) continue;
      await nextTurn();
      stretchStartedAtMs = performance.now();
    }
    const routes = snapshot.routes.flatMap((route, index): BoundRoute[] => {
      const target = targetOf(route, plugins, deps.running);
      return target === undefined ? [] : [bind(route, snapshot.routeRows[index] ?? 0, target)];
    });
    return { number: snapshot.revision, routeTable: new RouteTable(routes), dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

interface FunctionParts {
  readonly plugin: SnapshotPlugin;
  readonly pool: InstancePool;
  readonly row: number;
}

/** Undefined when the plugin of the route is not there, as when it was refused. */
function targetOf(route: SnapshotRoute, plugins: ReadonlyMap<string, FunctionParts>, running: RunningPlugin): RouteTarget | undefined {
  if (route.target.kind !== 'function') return fixedTarget(route.target);
  const parts = plugins.get(pluginVersionKey({ id: route.target.plugin, version: route.target.version }));
  if (parts === undefined) return undefined;
  const { plugin, pool, row } = parts;
  return {
    kind: 'function',
    pluginName: plugin.name,
    pluginVersion: plugin.version,
    requestMaxBytes: plugin.limits.requestMaxBytes,
    pool,
    encodeInput: inputEncoder(route, plugin),
    row,
    running,
  };
}

function bind(route: SnapshotRoute, row: number, target: RouteTarget): BoundRoute {
  return { name: route.name, row, match: route.match, priority: route.priority, stripPath: route.stripPath, target };
}
