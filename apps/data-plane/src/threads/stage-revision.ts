import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, pluginVersionKey, type SnapshotPlugin } from '@torii/contracts';
import type { InstancePool, PreparedModule } from '@torii/wasm-runtime';
import type { BoundRoute, Revision } from '../config/active-revision.js';
import type { BoundPlugin, RunningPlugin } from '../pipeline/bound-plugin.js';
import { compatRulesOf } from '../pipeline/compat-rules.js';
import { Expressions } from '../routing/expressions.js';
import { RouteTable } from '../routing/route-table.js';
import { SplitMap } from '../routing/split-map.js';
import { RevisionUpstreams, type UpstreamUse } from '../upstream/revision-upstreams.js';
import type { UpstreamRegistry } from '../upstream/upstream-registry.js';
import { bindRoute } from './bind-route.js';
import { type AvailablePlugin, bindGlobalSlots } from './bind-slots.js';
import type { HeldRoutes } from './held-routes.js';
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
  /** The serial of its routes. */
  readonly serial: number;
  readonly held: HeldRoutes;
  readonly upstreams: RevisionUpstreams;
}

/**
 * Builds a revision beside the active one: pools of new plugin versions, the routes that have
 * changed, and the route table. All else is shared with the active one, so a change elsewhere leaves instances and
 * connections alone, and costs what has changed, however many routes there are.
 *
 * Its `upstreams` have to begin before it takes the active one's place. Throws `config.*` and leaves nothing behind when any
 * part fails.
 */
export async function stageRevision(snapshot: StagedSnapshot, active: StagedRevision | undefined, deps: StageDeps): Promise<StagedRevision> {
  const { serial, onto, gone, told } = snapshot.routes;
  if (onto !== undefined && onto !== active?.serial)
    throw new AppError('platform.internal', { detail: 'this thread was told a change of routes that it does not serve' });
  const base = onto === undefined ? undefined : active;
  const change = {};
  const held: HeldRoutes = base?.held.ownedBy(change) ?? new SplitMap(change);
  const plugins = new Map<string, AvailablePlugin>();
  const retained: string[] = [];
  const cells = new Map(told.flatMap((one) => (one.cells === undefined ? [] : [[one.route.id, one.cells]])));
  const upstreams = new RevisionUpstreams(deps.upstreams, cells, active?.upstreams);
  const dispose = (): void => {
    for (const key of retained) deps.pools.release(key);
    upstreams.release(usesOf(held));
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
    const toBe = new RoutersToBe(routerSlots, base?.revision.routers?.routes);
    const removed: BoundRoute[] = [];
    for (const id of gone) {
      const one = held.get(id);
      if (one === undefined) throw new AppError('platform.internal', { detail: 'this thread was told of the end of a route that it does not serve' });
      held.delete(id);
      removed.push(one.bound);
      toBe.remove(one.bound);
      upstreams.drop(one.upstreams);
      if (isLong()) await serveOthers();
    }
    if (base === undefined && active !== undefined) upstreams.drop(Array.from(usesOf(active.held)));
    const added: BoundRoute[] = [];
    for (const { route, row } of told) {
      const before = upstreams.count;
      const bound = bindRoute(route, row, parts);
      if (held.get(route.id) !== undefined) throw new AppError('config.invalid_snapshot', { detail: `two routes have the id ${route.id}` });
      held.set(route.id, { route, bound, upstreams: upstreams.since(before) });
      added.push(bound);
      toBe.add(bound);
      if (isLong()) await serveOthers();
    }
    const routeTable = new RouteTable(added, base === undefined ? undefined : { base: base.revision.routeTable, removed });
    const revision = { number: snapshot.revision, routeTable, routers: toBe.routers, sinks, globalSlots, dispose };
    return { revision, serial, held, upstreams };
  } catch (error) {
    dispose();
    throw error;
  }
}

function* usesOf(held: HeldRoutes): Generator<UpstreamUse, void> {
  for (const { upstreams } of held.values()) yield* upstreams;
}

export function boundPlugin(plugin: SnapshotPlugin, pool: InstancePool, place: Pick<BoundPlugin, 'row' | 'running'>): BoundPlugin {
  const { name, version, limits } = plugin;
  return { name, version, bodyMaxBytes: limits.requestMaxBytes, compat: compatRulesOf(plugin), pool, ...place };
}
