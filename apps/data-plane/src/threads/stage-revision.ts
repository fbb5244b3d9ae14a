import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, pluginVersionKey, type SnapshotPlugin } from '@torii/contracts';
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
import type { HeldRoute, HeldRoutes } from './held-routes.js';
import type { PoolRegistry } from './pool-registry.js';
import { RoutersToBe } from './routers-to-be.js';
import type { StagedSnapshot } from './thread-messages.js';

/** Requests are served in between when building takes longer. */
const stretchMs = 3;

export interface StageDeps {
  readonly pools: PoolRegistry;
  /** Makes the pool of a plugin version; see `FirstStarts` for whether it has an instance by then. */
  readonly open: (plugin: SnapshotPlugin, prepared: PreparedModule) => Promise<InstancePool>;
  readonly running: RunningPlugin;
  readonly upstreams: UpstreamRegistry;
}

/** A revision with what the next one can take over from it. */
export interface StagedRevision {
  readonly revision: Revision;
  readonly held: HeldRoutes;
}

/**
 * Builds a revision beside the active one: pools of new plugin versions, the routes that have
 * changed, and the route table. All else is shared with the active one, so a change elsewhere leaves instances and
 * connections alone, and costs hardly more than what has changed.
 *
 * Throws `config.*` and leaves nothing behind when any part fails.
 */
export async function stageRevision(snapshot: StagedSnapshot, active: StagedRevision | undefined, deps: StageDeps): Promise<StagedRevision> {
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
    const { slots: globalSlots, routers: routerSlots, sinks } = bindGlobalSlots(snapshot.globalPlugins, { plugins, expressions });
    const parts = { plugins, expressions, globalSlots, upstreamOf: upstreams.of };
    const toBe = new RoutersToBe(routerSlots);
    const held = new Map<string, HeldRoute>();
    const added: BoundRoute[] = [];
    for (const key of snapshot.routeKeys) {
      let one = active?.held.get(key);
      if (one !== undefined) {
        upstreams.again(one.upstreamKeys);
      } else {
        const told = snapshot.told.get(key);
        if (told === undefined) throw new AppError('platform.internal', { detail: 'a route was left out that this thread does not hold' });
        const before = upstreams.count;
        one = { route: told.route, bound: bindRoute(told.route, told.row, parts), upstreamKeys: upstreams.since(before) };
        added.push(one.bound);
      }
      held.set(key, one);
      toBe.add(one.bound);
      if (isLong()) await serveOthers();
    }
    const routeTable = tableOf(held, added, active);
    return { revision: { number: snapshot.revision, routeTable, routers: toBe.routers, sinks, globalSlots, dispose }, held };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** The active table with what has changed, or one of its own when nothing has stayed. */
function tableOf(held: HeldRoutes, added: readonly BoundRoute[], active: StagedRevision | undefined): RouteTable<BoundRoute> {
  if (active === undefined || added.length === held.size) return new RouteTable(added);
  const removed: BoundRoute[] = [];
  for (const [key, { bound }] of active.held) if (!held.has(key)) removed.push(bound);
  return new RouteTable(added, { base: active.revision.routeTable, removed });
}

export function boundPlugin(plugin: SnapshotPlugin, pool: InstancePool, place: Pick<BoundPlugin, 'row' | 'running'>): BoundPlugin {
  const { name, version, limits } = plugin;
  return { name, version, bodyMaxBytes: limits.requestMaxBytes, compat: compatRulesOf(plugin), pool, ...place };
}
