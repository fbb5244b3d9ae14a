import { setImmediate as nextTurn } from 'node:timers/promises';
import { AppError, pluginVersionKey } from '@torii/contracts';
import type { Deadline } from '@torii/service-kit';
import type { ActiveRevision, BoundRoute, RetainedRevision, Revision } from '../config/active-revision.js';
import type { RouteSlots } from '../pipeline/route-slots.js';
import { Expressions } from '../routing/expressions.js';
import { RouteTable } from '../routing/route-table.js';
import { RevisionUpstreams } from '../upstream/revision-upstreams.js';
import { bindRoute } from './bind-route.js';
import { type AvailablePlugin, bindGlobalSlots, type GlobalSlots, withOtherGlobals } from './bind-slots.js';
import { RoutersToBe } from './routers-to-be.js';
import { boundPlugin, type StageDeps } from './stage-revision.js';
import type { CompiledDraft, PluginBundle } from './thread-messages.js';

/**
 * Builds a revision that is the active one but for the draft's routes. It shares with it all that the draft does not touch,
 * and keeps it alive as long as it lives itself.
 *
 * Throws `config.*` and leaves nothing behind when any part fails, and `capacity.overloaded` when it takes until after the
 * deadline: nobody waits for the request any more, and its plugins must not run for nobody.
 */
export async function stageDraft(draft: CompiledDraft, active: ActiveRevision, deps: StageDeps, deadline: Deadline): Promise<Revision> {
  const base = active.retain();
  if (base === undefined) throw new AppError('config.not_ready', { detail: 'this node waits for its first configuration' });
  const retained: string[] = [];
  // Nobody checks the targets of a draft: what traffic tells is all there is.
  const upstreams = new RevisionUpstreams(deps.upstreams, new Map());
  const dispose = (): void => {
    for (const key of retained) deps.pools.release(key);
    upstreams.release([]);
    base.release();
  };
  try {
    const plugins = new Map<string, AvailablePlugin>();
    for (const [index, { key, plugin, prepared }] of draft.plugins.entries()) {
      const row = draft.pluginRows[index] ?? 0;
      const poolKey = poolKeyOf({ key, plugin }, draft);
      const pool = await deps.pools.retain(poolKey, row, () => deps.open(plugin, prepared));
      retained.push(poolKey);
      plugins.set(pluginVersionKey(plugin), { plugin, bound: boundPlugin(plugin, pool, { row, running: deps.running }) });
      refuseLate(deadline);
    }
    const expressions = new Expressions();
    const globals = draft.globalPlugins === undefined ? globalsOf(base) : bindGlobalSlots(draft.globalPlugins, { plugins, expressions });
    const { slots: globalSlots, sinks } = globals;
    const parts = { plugins, expressions, globalSlots, upstreamOf: upstreams.of };
    const routes = draft.routes.map((route) => bindRoute(route, draft.routeRow, parts));
    const replaced = new Set<string>([...draft.without, ...draft.routes.map(({ id }) => id)]);
    const removed = Array.from(replaced, (id) => base.routeTable.routes.get(id)).filter((route) => route !== undefined);
    let routeTable = new RouteTable(routes, { base: base.routeTable, removed });
    if (draft.globalPlugins !== undefined)
      routeTable = await withGlobalSlots(routeTable, new Set(routes), { from: base.globalSlots, to: globalSlots, deadline });
    const toBe = new RoutersToBe(globals.routers);
    if (globals.routers.length > 0) for (const route of routeTable.routes.values()) toBe.add(route);
    return { number: base.number, routeTable, routers: toBe.routers, sinks, globalSlots, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** Who is not saved has instances of its own, with other stores than what it may be saved as meanwhile, under the same version. */
function poolKeyOf({ key, plugin }: Pick<PluginBundle, 'key' | 'plugin'>, { scratch }: CompiledDraft): string {
  return scratch.plugins.has(pluginVersionKey(plugin)) ? `${scratch.trialId} ${key}` : key;
}

function globalsOf({ globalSlots, routers, sinks }: RetainedRevision): GlobalSlots {
  return { slots: globalSlots, routers: routers?.slots ?? [], sinks };
}

/** Routes that get other slots at a time: other requests are served in between. Each time costs a copy of the list of all of them, so there are not more than so many. */
const routesAtOnceMin = 500;
const timesMax = 25;

/** The table with the slots of all routes replaced, on all but those that have them already. Throws `capacity.overloaded` after the deadline. */
async function withGlobalSlots(
  table: RouteTable<BoundRoute>,
  except: ReadonlySet<BoundRoute>,
  { from, to, deadline }: { readonly from: RouteSlots | undefined; readonly to: RouteSlots | undefined; readonly deadline: Deadline },
): Promise<RouteTable<BoundRoute>> {
  if (from === undefined && to === undefined) return table; // such as settings of routers and sinks alone
  const routes = Array.from(table.routes.values()).filter((route) => !except.has(route));
  const atOnce = Math.max(routesAtOnceMin, Math.ceil(routes.length / timesMax));
  let changed = table;
  for (let start = 0; start < routes.length; start += atOnce) {
    await nextTurn();
    refuseLate(deadline);
    const removed = routes.slice(start, start + atOnce);
    const added = removed.map((route) => ({ ...route, slots: withOtherGlobals(route.slots, from, to) }));
    changed = new RouteTable(added, { base: changed, removed });
  }
  return changed;
}

function refuseLate(deadline: Deadline): void {
  if (deadline.isPast) throw new AppError('capacity.overloaded', { detail: 'the draft was not built in time: it is given up' });
}
