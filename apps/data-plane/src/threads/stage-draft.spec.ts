import { describe, expect, it } from '@jest/globals';
import { pluginVersionKey } from '@torii/contracts';
import { createLogger, Deadline } from '@torii/service-kit';
import type { InstancePool, PreparedModule } from '@torii/wasm-runtime';
import { aPlugin } from '../../test/a-node.js';
import { ActiveRevision, type BoundRoute } from '../config/active-revision.js';
import { RouteTable } from '../routing/route-table.js';
import { UpstreamRegistry } from '../upstream/upstream-registry.js';
import { PoolRegistry } from './pool-registry.js';
import { stageDraft } from './stage-draft.js';
import type { CompiledDraft } from './thread-messages.js';

const log = createLogger({ level: 'fatal', app: 'test' });

/** What drafts are staged on. Each pool takes 600 ms to open, and is known by when it was. */
function aThread(routes: readonly BoundRoute[] = []) {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, date: () => new Date(0) };
  const active = new ActiveRevision();
  const seen = { closed: [] as number[], isDisposed: false };
  const dispose = (): void => {
    seen.isDisposed = true;
  };
  active.swap({ number: 1, routeTable: new RouteTable(routes), routers: undefined, sinks: [], globalSlots: undefined, dispose });
  const pools = new PoolRegistry({ watch: () => () => undefined, log });
  const open = (): Promise<InstancePool> => {
    nowMs += 600;
    const openedAtMs = nowMs;
    return Promise.resolve({ close: async () => void seen.closed.push(openedAtMs) } as unknown as InstancePool);
  };
  const upstreams = new UpstreamRegistry({ threadCount: 1, allowLinkLocal: false, isDown: () => false, clock, log });
  return { active, seen, clock, deps: { pools, open, running: { enter: () => undefined, leave: () => undefined }, upstreams } };
}

/** Of so many plugins, whose keys are their places; those of the `unsaved` places are not saved. */
function aDraft(count: number, unsaved: readonly number[] = []): CompiledDraft {
  const plugins = Array.from({ length: count }, (_, index) => ({
    key: String(index),
    plugin: aPlugin('a'.repeat(64)),
    prepared: {} as unknown as PreparedModule,
  }));
  const unsavedKeys = plugins.filter((_, index) => unsaved.includes(index)).map(({ plugin }) => pluginVersionKey(plugin));
  const scratch = { trialId: 'a', plugins: new Set(unsavedKeys) };
  return { plugins, pluginRows: [], routes: [], routeRow: 0, without: [], buildTimeoutMs: 1_000, globalPlugins: undefined, scratch };
}

describe('stageDraft', () => {
  it('gives a draft up that takes too long to build, and leaves nothing behind', async () => {
    const { active, seen, clock, deps } = aThread();
    await expect(stageDraft(aDraft(5), active, deps, Deadline.after(1_000, clock))).rejects.toMatchObject({ code: 'capacity.overloaded' });
    expect(seen.closed).toEqual([600, 1_200]);
    active.clear();
    expect(seen.isDisposed).toBe(true);
  });

  it('shares the instances of saved plugins, and none of one that is not saved, such as with what it is saved as meanwhile', async () => {
    const { active, seen, clock, deps } = aThread();
    const revision = await stageDraft(aDraft(2, [1]), active, deps, Deadline.after(10_000, clock));
    const saved = await deps.pools.retain('0', 0, deps.open);
    const savedMeanwhile = await deps.pools.retain('1', 0, deps.open);
    revision.dispose();
    expect(seen.closed).toEqual([1_200]);
    await Promise.all([saved.close(), savedMeanwhile.close()]);
    expect(seen.closed).toEqual([1_200, 600, 1_800]);
  });

  it('leaves the routes alone when neither the settings nor those of the draft have slots for them', async () => {
    const match = { hosts: [], paths: [{ type: 'prefix', value: '/' }], methods: [], headers: [], query: [], cookies: [] };
    const route = { id: 'rt_1', name: 'one', match: [match], slots: undefined } as unknown as BoundRoute;
    const { active, clock, deps } = aThread([route]);
    const revision = await stageDraft({ ...aDraft(0), globalPlugins: [] }, active, deps, Deadline.after(10_000, clock));
    expect(revision.routeTable.routes.get('rt_1')).toBe(route);
    revision.dispose();
  });
});
