import { describe, expect, it } from '@jest/globals';
import type { SnapshotRoute } from '@torii/contracts';
import { createLogger, systemClock } from '@torii/service-kit';
import { anUpstreamRoute } from '../../test/an-upstream-route.js';
import { parseRequestTarget } from '../routing/request-target.js';
import { UpstreamRegistry } from '../upstream/upstream-registry.js';
import { PoolRegistry } from './pool-registry.js';
import { type StagedRevision, stageRevision } from './stage-revision.js';
import { keyedSnapshot, stagedSnapshot } from './staged-routes.js';

const log = createLogger({ level: 'fatal', app: 'test' });

/** The stages of one thread that serves upstreams alone. */
class Thread {
  readonly upstreams = new UpstreamRegistry({ threadCount: 1, allowLinkLocal: false, isDown: () => false, clock: systemClock, log });
  private readonly pools = new PoolRegistry({ watch: () => () => undefined, log });

  stage(
    routes: readonly SnapshotRoute[],
    active?: StagedRevision,
    held: ReadonlySet<string> = new Set(active?.held.keys()),
  ): Promise<StagedRevision> {
    const nothing = { plugins: [], pluginRows: [], globalPlugins: [], upstreamRows: new Map(), upstreamCells: new Map() };
    const keyed = keyedSnapshot({ ...nothing, revision: 1, routes, routeRows: routes.map((_, index) => index) });
    return stageRevision(stagedSnapshot(keyed, held), active, {
      pools: this.pools,
      open: () => Promise.reject(new Error('there are no plugins')),
      running: { enter: () => undefined, leave: () => undefined },
      upstreams: this.upstreams,
    });
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
    const first = await thread.stage([kept, changed, gone]);
    const before = ['/a', '/b', '/c'].map((path) => answering(first, path));
    const second = await thread.stage([kept, next], first);
    expect(answering(second, '/a')).toBe(before[0]);
    expect(answering(second, '/b')).not.toBe(before[1]);
    expect(() => answering(second, '/c')).toThrow();
    expect(['/a', '/b', '/c'].map((path) => answering(first, path))).toEqual(before);
  });

  it('keeps each upstream as long as a revision uses it', async () => {
    const thread = new Thread();
    const first = await thread.stage([kept, changed, gone]);
    const second = await thread.stage([kept, next], first);
    expect(thread.targets).toEqual(['http://a.test', 'http://b.test', 'http://c.test', 'http://d.test']);
    first.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test', 'http://d.test']);
    const third = await thread.stage([kept], second);
    second.revision.dispose();
    expect(thread.targets).toEqual(['http://a.test']);
    third.revision.dispose();
    expect(thread.targets).toEqual([]);
  });

  it('refuses a configuration that leaves out a route it does not hold, and leaves nothing behind', async () => {
    const thread = new Thread();
    const first = await thread.stage([kept]);
    const held = new Set(keyedSnapshotKeys([kept, next]));
    await expect(thread.stage([kept, next], first, held)).rejects.toMatchObject({ code: 'platform.internal' });
    expect(thread.targets).toEqual(['http://a.test']);
    first.revision.dispose();
    expect(thread.targets).toEqual([]);
  });

  it('takes a route that it is told again as the one it holds', async () => {
    const thread = new Thread();
    const first = await thread.stage([kept]);
    const second = await thread.stage([kept], first, new Set());
    expect(answering(second, '/a')).toBe(answering(first, '/a'));
  });
});

function keyedSnapshotKeys(routes: readonly SnapshotRoute[]): readonly string[] {
  const nothing = { plugins: [], pluginRows: [], globalPlugins: [], upstreamRows: new Map(), upstreamCells: new Map() };
  return keyedSnapshot({ ...nothing, revision: 1, routes, routeRows: routes.map((_, index) => index) }).routeKeys;
}
