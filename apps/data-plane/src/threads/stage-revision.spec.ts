import { describe, expect, it } from '@jest/globals';
import type { SnapshotRoute } from '@torii/contracts';
import { createLogger, systemClock } from '@torii/service-kit';
import fc from 'fast-check';
import { anUpstreamRoute } from '../../test/an-upstream-route.js';
import { parseRequestTarget } from '../routing/request-target.js';
import { UpstreamRegistry } from '../upstream/upstream-registry.js';
import { PoolRegistry } from './pool-registry.js';
import { type StagedRevision, stageRevision } from './stage-revision.js';
import { type KeyedSnapshot, keyedSnapshot, type RouteKeys, stagedSnapshot } from './staged-routes.js';
import type { StagedSnapshot } from './thread-messages.js';

const log = createLogger({ level: 'fatal', app: 'test' });

/** The stages of one thread that serves upstreams alone. */
class Thread {
  readonly upstreams = new UpstreamRegistry({ threadCount: 1, allowLinkLocal: false, isDown: () => false, clock: systemClock, log });
  private readonly pools = new PoolRegistry({ watch: () => () => undefined, log });
  private readonly keysOf = new Map<StagedRevision, RouteKeys>();
  private serial = 0;

  /** What this thread is told when it serves those routes, or when nobody knows what it serves. */
  stage(routes: readonly SnapshotRoute[], active?: StagedRevision, holds = active && this.keysOf.get(active)): Promise<StagedRevision> {
    this.serial += 1;
    const keyed = keyedOf(routes, this.serial);
    return this.stageTold(stagedSnapshot(keyed, holds), active, keyed.routeKeys);
  }

  async stageTold(snapshot: StagedSnapshot, active: StagedRevision | undefined, routeKeys: RouteKeys): Promise<StagedRevision> {
    const staged = await stageRevision(snapshot, active, {
      pools: this.pools,
      open: () => Promise.reject(new Error('there are no plugins')),
      running: { enter: () => undefined, leave: () => undefined },
      upstreams: this.upstreams,
    });
    this.keysOf.set(staged, routeKeys);
    return staged;
  }

  /** Stages them, and they take the place of what is active. */
  async serve(routes: readonly SnapshotRoute[], active?: StagedRevision, holds?: RouteKeys): Promise<StagedRevision> {
    const staged = await this.stage(routes, active, holds);
    staged.upstreams.begin();
    return staged;
  }

  /** URLs of the targets of all upstreams that are there. */
  get targets(): string[] {
    return Array.from(this.upstreams.peers(), ({ url }) => url).sort();
  }
}

function answering({ revision }: StagedRevision, path: string): unknown {
  return revision.routeTable.match(parseRequestTarget(path, 'h'), { method: 'GET', headers: {}, headersDistinct: {} }).route;
}

describe('stageRevision', () => {
  const [kept, changed, gone] = ['a', 'b', 'c'].map((name) => anUpstreamRoute(`/${name}`, [`http://${name}.test`])) as [
    SnapshotRoute,
    SnapshotRoute,
    SnapshotRoute,
  ];
  const next = { ...anUpstreamRoute('/b', ['http://d.test']), id: changed.id };

  it('takes over from the active revision what has not changed, and leaves that one as it is', async () => {
    const thread = new Thread();
    const first = await thread.serve([kept, changed, gone]);
    const before = ['/a', '/b', '/c'].map((path) => answering(first, path));
    const second = await thread.serve([kept, next], first);
    expect(answering(second, '/a')).toBe(before[0]);
    expect(answering(second, '/b')).not.toBe(before[1]);
    expect(() => answering(second, '/c')).toThrow();
    expect(['/a', '/b', '/c'].map((path) => answering(first, path))).toEqual(before);
  });

  it('keeps each upstream as long as a revision uses it', async () => {
    const thread = new Thread();
    const first = await thread.serve([kept, changed, gone]);
    const second = await thread.serve([kept, next], first);
    expect(thread.targets).toEqual(['http://a.test', 'http://b.test', 'http://c.test', 'http://d.test']);
    first.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test', 'http://d.test']);
    const third = await thread.serve([kept], second);
    second.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test']);
    third.revision.dispose();
    expect(thread.targets).toEqual([]);
  });

  it('keeps what only an older revision uses, with a request that lasts, when those after it are over before it', async () => {
    const thread = new Thread();
    const first = await thread.serve([kept, changed]);
    const second = await thread.serve([kept, next], first);
    const third = await thread.serve([next, gone], second);
    const fourth = await thread.serve([gone], third);
    third.revision.dispose();
    second.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test', 'http://b.test', 'http://c.test']);
    first.revision.dispose();
    expect(thread.targets).toEqual(['http://c.test']);
    fourth.revision.dispose();
    expect(thread.targets).toEqual([]);
  });

  it('leaves nothing of a revision that was given up, and all that is active', async () => {
    const thread = new Thread();
    const first = await thread.serve([kept, changed]);
    const givenUp = await thread.stage([next, gone], first);
    expect(thread.targets).toEqual(['http://a.test', 'http://b.test', 'http://c.test', 'http://d.test']);
    givenUp.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test', 'http://b.test']);
    const second = await thread.serve([kept], first);
    first.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test']);
    second.revision.dispose();
    expect(thread.targets).toEqual([]);
  });

  it('refuses a change of routes that it does not serve, and leaves nothing behind', async () => {
    const thread = new Thread();
    const first = await thread.serve([kept, changed]);
    const ofOthers = keyedOf([kept, changed], 17).routeKeys;
    await expect(thread.stage([kept, next], first, ofOthers)).rejects.toMatchObject({ code: 'platform.internal' });
    const { routeKeys, ...keyed } = keyedOf([kept, next], 18);
    const told = stagedSnapshot({ ...keyed, routeKeys }, undefined);
    const without = { ...told, routes: { ...told.routes, onto: first.serial, gone: [gone.id] } };
    await expect(thread.stageTold(without, first, routeKeys)).rejects.toMatchObject({ code: 'platform.internal' });
    const twice = { ...told, routes: { ...told.routes, onto: first.serial, gone: [] } };
    await expect(thread.stageTold(twice, first, routeKeys)).rejects.toMatchObject({ code: 'config.invalid_snapshot' });
    expect(thread.targets).toEqual(['http://a.test', 'http://b.test']);
    first.revision.dispose();
    expect(thread.targets).toEqual([]);
  });

  it('builds all anew when it is told all, and keeps upstreams that are the same', async () => {
    const thread = new Thread();
    const first = await thread.serve([kept, changed]);
    const [peer] = thread.upstreams.peers();
    const { routeKeys, ...keyed } = keyedOf([kept, gone], 17);
    const second = await thread.stageTold(stagedSnapshot({ ...keyed, routeKeys }, undefined), first, routeKeys);
    second.upstreams.begin();
    first.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test', 'http://c.test']);
    expect([...thread.upstreams.peers()][0]).toBe(peer);
    expect(() => answering(second, '/b')).toThrow();
    second.revision.dispose();
    expect(thread.targets).toEqual([]);
  });

  it('releases with each revision what no other uses, whatever changes and in whatever order they end', async () => {
    const wanted = fc.array(fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(wanted, fc.infiniteStream(fc.nat({ max: 5 })), async (changes, ending) => {
        const thread = new Thread();
        const live: { readonly staged: StagedRevision; readonly names: readonly string[] }[] = [];
        const targets = (): string[] => [...new Set(live.flatMap(({ names }) => names))].sort().map((name) => `http://${name}.test`);
        for (const names of changes) {
          const routes = names.map((name) => ({
            ...anUpstreamRoute(`/${name}`, [`http://${name}.test`]),
            id: kept.id.replace(/.$/, name) as SnapshotRoute['id'],
          }));
          live.push({ names, staged: await thread.serve(routes, live.at(-1)?.staged) });
          const [ended] = live.length === 1 ? [] : live.splice(ending.next().value % live.length, 1);
          if (live.at(-1)?.names !== names && ended !== undefined) live.push(ended);
          else ended?.staged.revision.dispose();
          expect(thread.targets).toEqual(targets());
        }
        while (live.length > 0) {
          const [ended] = live.splice(ending.next().value % live.length, 1);
          ended?.staged.revision.dispose();
          expect(thread.targets).toEqual(targets());
        }
      }),
      { numRuns: 100 },
    );
  });
});

function keyedOf(routes: readonly SnapshotRoute[], serial: number): KeyedSnapshot {
  const nothing = { plugins: [], pluginRows: [], globalPlugins: [], debugEpoch: undefined, upstreamRows: new Map(), upstreamCells: new Map() };
  return keyedSnapshot({ ...nothing, revision: 1, routes, routeRows: routes.map((_, index) => index) }, serial);
}
