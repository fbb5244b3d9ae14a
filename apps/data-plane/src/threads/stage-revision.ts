import { setImmediate as nextTurn } from 'node:timers/promises';
import { pluginVersionKey, type SnapshotPlugin } from '@torii/contracts';
import type { InstancePool, PreparedModule } from '@torii/wasm-runtime';
import type { BoundRoute, Revision } from '../config/active-revision.js';
import type { BoundPlugin, RunningPlugin } from '../pipeline/bound-plugin.js';
import { compatRulesOf } from '../pipeline/compat-rules.js';
import { Expressions } from '../routing/expressions.js';
import { RouteTable } from '../routing/route-table.js';
import { RetainedUpstreams } from '../upstream/retained-upstreams.js';
import type { UpstreamRegistry } from '../upstream/upstream-registry.js';
import { bindRoute } from './bind-route.js';
import { type AvailablePlugin, bindGlobalSlots } from './bind-slots.js';
import type { PoolRegistry } from './pool-registry.js';
import type { CountedSnapshot } from './thread-messages.js';

/** Requests are served in between when building takes longer. */
const stretchMs = 3;

export interface StageDeps {
  readonly pools: PoolRegistry;
  /** Makes the pool of a plugin version, with one warm instance. */
  readonly open: (plugin: SnapshotPlugin, prepared: PreparedModule) => Promise<InstancePool>;
  readonly running: RunningPlugin;
  readonly upstreams: UpstreamRegistry;
}

/**
 * Builds a revision beside the active one: pools of new plugin versions with one warm instance each, and the route
 * table. Pools that the active revision has are shared, so a change elsewhere leaves their instances alone.
 *
 * Throws `config.*` and leaves nothing behind when any part fails.
 */
export async function stageRevision(snapshot: CountedSnapshot, deps: StageDeps): Promise<Revision> {
  const plugins = new Map<string, AvailablePlugin>();
  const retained: string[] = [];
  const upstreams = new RetainedUpstreams(deps.upstreams, snapshot.upstreamCells);
  const dispose = (): void => {
    for (const key of retained) deps.pools.release(key);
    upstreams.release();
  };
  let stretchStartedAtMs = performance.now();
  const isLong = (): boolean => performance.now() - stretchStartedAtMs >= stretchMs;
  const serveOthers = async (): Promise<void> => {
    await nextTurn();
    stretchStartedAtMs = performance.now();
  };
  try {
    for (const [index, { key, plugin, prepared }] of snapshot.plugins.entries()) {
      const row = snapshot.pluginRows[index] ?? 0;
      const pool = await deps.pools.retain(key, row, () => deps.open(plugin, prepared));
      retained.push(key);
      plugins.set(pluginVersionKey(plugin), { plugin, bound: boundPlugin(plugin, pool, { row, running: deps.running }) });
      if (isLong()) await serveOthers();
    }
    const expressions = new Expressions();
    const { slots: globalSlots, sinks } = bindGlobalSlots(snapshot.globalPlugins, { plugins, expressions });
    const parts = { plugins, expressions, globalSlots, upstreamOf: upstreams.of };
    const routes: BoundRoute[] = [];
    for (const [index, route] of snapshot.routes.entries()) {
      routes.push(bindRoute(route, snapshot.routeRows[index] ?? 0, parts));
      if (isLong()) await serveOthers();
    }
    return { number: snapshot.revision, routeTable: new RouteTable(routes), sinks, globalSlots, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

export function boundPlugin(plugin: SnapshotPlugin, pool: InstancePool, place: Pick<BoundPlugin, 'row' | 'running'>): BoundPlugin {
  const { name, version, limits } = plugin;
  return { name, version, bodyMaxBytes: limits.requestMaxBytes, compat: compatRulesOf(plugin), pool, ...place };
}
