import { AppError, pluginVersionKey } from '@torii/contracts';
import type { Deadline } from '@torii/service-kit';
import type { ActiveRevision, Revision } from '../config/active-revision.js';
import { Expressions } from '../routing/expressions.js';
import { RouteTable } from '../routing/route-table.js';
import { RetainedUpstreams } from '../upstream/retained-upstreams.js';
import { bindRoute } from './bind-route.js';
import type { AvailablePlugin } from './bind-slots.js';
import { boundPlugin, type StageDeps } from './stage-revision.js';
import type { CompiledDraft } from './thread-messages.js';

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
  const upstreams = new RetainedUpstreams(deps.upstreams, new Map());
  const dispose = (): void => {
    for (const key of retained) deps.pools.release(key);
    upstreams.release();
    base.release();
  };
  try {
    const plugins = new Map<string, AvailablePlugin>();
    for (const [index, { key, plugin, prepared }] of draft.plugins.entries()) {
      const row = draft.pluginRows[index] ?? 0;
      const pool = await deps.pools.retain(key, row, () => deps.open(plugin, prepared));
      retained.push(key);
      plugins.set(pluginVersionKey(plugin), { plugin, bound: boundPlugin(plugin, pool, { row, running: deps.running }) });
      if (deadline.isPast) throw new AppError('capacity.overloaded', { detail: `the draft was not built within ${draft.buildTimeoutMs} ms` });
    }
    const { number, routeTable, sinks, globalSlots } = base;
    const parts = { plugins, expressions: new Expressions(), globalSlots, upstreamOf: upstreams.of };
    const routes = draft.routes.map((route) => bindRoute(route, draft.routeRow, parts));
    const replaced = new Set<string>([...draft.without, ...draft.routes.map(({ id }) => id)]);
    const removed = routeTable.routes.filter(({ id }) => replaced.has(id));
    return { number, routeTable: new RouteTable(routes, { base: routeTable, removed }), sinks, globalSlots, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
