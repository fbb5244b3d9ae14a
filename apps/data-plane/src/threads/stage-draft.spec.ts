import { describe, expect, it } from '@jest/globals';
import { createLogger, Deadline } from '@torii/service-kit';
import type { InstancePool, PreparedModule } from '@torii/wasm-runtime';
import { aPlugin } from '../../test/a-node.js';
import { ActiveRevision, type BoundRoute } from '../config/active-revision.js';
import { RouteTable } from '../routing/route-table.js';
import { UpstreamRegistry } from '../upstream/upstream-registry.js';
import { PoolRegistry } from './pool-registry.js';
import { stageDraft } from './stage-draft.js';

describe('stageDraft', () => {
  it('gives a draft up that takes too long to build, and leaves nothing behind', async () => {
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, date: () => new Date(0) };
    const log = createLogger({ level: 'fatal', app: 'test' });
    const active = new ActiveRevision();
    let isDisposed = false;
    const dispose = (): void => {
      isDisposed = true;
    };
    active.swap({ number: 1, routeTable: new RouteTable<BoundRoute>([]), routers: undefined, sinks: [], globalSlots: undefined, dispose });
    const closed: number[] = [];
    const pools = new PoolRegistry({ watch: () => () => undefined, log });
    const open = (): Promise<InstancePool> => {
      nowMs += 600;
      const madeAtMs = nowMs;
      return Promise.resolve({ close: async () => void closed.push(madeAtMs) } as unknown as InstancePool);
    };
    const upstreams = new UpstreamRegistry({ threadCount: 1, allowLinkLocal: false, isDown: () => false, clock, log });
    const plugins = Array.from({ length: 5 }, (_, index) => ({
      key: String(index),
      plugin: aPlugin('a'.repeat(64)),
      prepared: {} as unknown as PreparedModule,
    }));
    const scratch = { trialId: 'a', plugins: new Set<string>() };
    const draft = { plugins, pluginRows: [], routes: [], routeRow: 0, without: [], buildTimeoutMs: 1_000, globalPlugins: undefined, scratch };
    const deps = { pools, open, running: { enter: () => undefined, leave: () => undefined }, upstreams };
    await expect(stageDraft(draft, active, deps, Deadline.after(1_000, clock))).rejects.toMatchObject({ code: 'capacity.overloaded' });
    expect(closed).toEqual([600, 1_200]);
    active.clear();
    expect(isDisposed).toBe(true);
  });
});
