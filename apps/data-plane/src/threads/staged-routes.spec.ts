import { describe, expect, it } from '@jest/globals';
import type { SnapshotRoute } from '@torii/contracts';
import type { PreparedModule } from '@torii/wasm-runtime';
import { aPlugin, aRoute } from '../../test/a-node.js';
import { aSlot } from '../../test/a-slot.js';
import { anUpstreamRoute } from '../../test/an-upstream-route.js';
import { keyedSnapshot, stagedSnapshot } from './staged-routes.js';
import type { CountedSnapshot } from './thread-messages.js';

const prepared = {} as unknown as PreparedModule;
const target = aPlugin('a'.repeat(64));
const guard = aPlugin('b'.repeat(64), { kind: 'access_validator' });
const routes = [
  aRoute(target, '/function'),
  anUpstreamRoute('/servers', ['http://127.0.0.1:1']),
  aRoute(target, '/guarded', { plugins: [aSlot(guard)] }),
];

function aSnapshot(changes: Partial<CountedSnapshot> = {}): CountedSnapshot {
  return {
    revision: 1,
    plugins: [target, guard].map((plugin, index) => ({ key: `contents ${index}`, plugin, prepared })),
    pluginRows: [1, 2],
    globalPlugins: [],
    debugEpoch: undefined,
    routes,
    routeRows: [3, 4, 5],
    upstreamRows: new Map(),
    upstreamCells: new Map(),
    ...changes,
  };
}

/** In the order of the routes. */
function keysOf(snapshot: CountedSnapshot): string[] {
  return [...keyedSnapshot(snapshot, 1).routeKeys.keys.values()];
}

/** The places of routes whose keys are others after the change. */
function changedBy(changes: Partial<CountedSnapshot>): number[] {
  const [before, after] = [aSnapshot(), aSnapshot(changes)].map((snapshot) => keysOf(snapshot));
  return after?.flatMap((key, index) => (key === before?.[index] ? [] : [index])) ?? [];
}

describe('keyedSnapshot', () => {
  it('gives a route another key when anything that it is bound with has changed, and only then', () => {
    const { plugins } = aSnapshot();
    const [first, second, third] = routes as [SnapshotRoute, SnapshotRoute, SnapshotRoute];
    expect(changedBy({ revision: 2 })).toEqual([]);
    expect(changedBy({ routes: [first, { ...second, priority: 1 }, third] })).toEqual([1]);
    expect(changedBy({ routeRows: [3, 4, 6] })).toEqual([2]);
    expect(changedBy({ plugins: plugins.map((bundle, index) => (index === 1 ? { ...bundle, key: 'others' } : bundle)) })).toEqual([2]);
    expect(changedBy({ pluginRows: [7, 2] })).toEqual([0, 2]);
    expect(changedBy({ upstreamCells: new Map([[second.id, [9]]]) })).toEqual([1]);
    expect(changedBy({ globalPlugins: [aSlot(guard)] })).toEqual([0, 1, 2]);
  });

  it('gives all routes other keys when a plugin that runs on every route has other contents', () => {
    const globalPlugins = [aSlot(guard)];
    const { plugins } = aSnapshot();
    const others = plugins.map((bundle) => (bundle.plugin === guard ? { ...bundle, key: 'others' } : bundle));
    const before = new Set(keysOf(aSnapshot({ globalPlugins })));
    expect(keysOf(aSnapshot({ globalPlugins, plugins: others })).filter((key) => before.has(key))).toEqual([]);
  });
});

describe('stagedSnapshot', () => {
  const [first, second, third] = routes as [SnapshotRoute, SnapshotRoute, SnapshotRoute];

  it('tells a thread what differs from the routes that it serves', () => {
    const { routeKeys } = keyedSnapshot(aSnapshot(), 1);
    const changed = { ...second, priority: 1 };
    const added = aRoute(target, '/added');
    const upstreamCells = new Map([[second.id, [9]]]);
    const next = keyedSnapshot(aSnapshot({ routes: [first, changed, added], upstreamCells }), 2);
    expect(stagedSnapshot(next, routeKeys).routes).toEqual({
      serial: 2,
      onto: 1,
      gone: [second.id, third.id],
      told: [
        { route: changed, row: 4, cells: [9] },
        { route: added, row: 5, cells: undefined },
      ],
    });
  });

  it('tells it all of them when it is not known what it serves', () => {
    const { serial, onto, gone, told } = stagedSnapshot(keyedSnapshot(aSnapshot(), 3), undefined).routes;
    expect({ serial, onto, gone, told: told.map(({ route }) => route) }).toEqual({ serial: 3, onto: undefined, gone: [], told: routes });
  });
});
