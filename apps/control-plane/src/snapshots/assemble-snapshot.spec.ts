import { describe, expect, it } from '@jest/globals';
import { sealSnapshot } from '@torii/config-sync';
import { PluginSpec, RouteSpec, Snapshot } from '@torii/contracts';
import { assembleSnapshot, enabledRoutes, globalSlots, neededVersions } from './assemble-snapshot.js';

const pluginA = 'pl_01900000-0000-7000-8000-00000000000a';
const pluginB = 'pl_01900000-0000-7000-8000-00000000000b';
const digest = 'a'.repeat(64);

function aRoute(id: number, plugin: string, version: 'latest' | number = 'latest', enabled = true) {
  const spec = RouteSpec.parse({ name: `r${id}`, match: [{ hosts: ['A.example'] }], target: { kind: 'function', plugin, version } });
  return { id: `rt_01900000-0000-7000-8000-00000000000${id}`, workspace: 'default', name: `r${id}`, enabled, spec };
}

function aVersion(pluginId: string, version: number, changes: object = {}) {
  const spec = PluginSpec.parse({ name: 'p', source: { kind: 'artifact', sha256: digest }, functionName: 'f', ...changes });
  return { pluginId, workspace: 'default', version, spec, resolvedSha256: digest };
}

const currentVersions = new Map([
  [pluginA, 3],
  [pluginB, 1],
]);

type Row = ReturnType<typeof aRoute>;
type Version = ReturnType<typeof aVersion>;
const assemble = (routes: Row[], versions: Version[]) => assembleSnapshot(enabledRoutes(routes, currentVersions), versions);

describe('assembleSnapshot', () => {
  it('makes what a node accepts', () => {
    const contents = assemble([aRoute(1, pluginA)], [aVersion(pluginA, 3)]);
    const sealed = sealSnapshot({ incarnation: '00000000-0000-4000-8000-000000000001', revision: 1 }, contents);
    expect(Snapshot.parse(sealed)).toEqual(sealed);
    expect(contents.routes[0]?.match[0]?.hosts).toEqual(['a.example']);
  });

  it('resolves latest to the current version, and keeps a number', () => {
    const rows = [aRoute(1, pluginA), aRoute(2, pluginA, 2), aRoute(3, pluginA, 2)];
    expect(neededVersions(enabledRoutes(rows, currentVersions))).toEqual([
      { pluginId: pluginA, version: 3 },
      { pluginId: pluginA, version: 2 },
    ]);
    const { routes, plugins } = assemble(rows, [aVersion(pluginA, 3), aVersion(pluginA, 2)]);
    expect(routes.map(({ target }) => target)).toMatchObject([{ version: 3 }, { version: 2 }, { version: 2 }]);
    expect(plugins.map(({ version }) => version)).toEqual([2, 3]);
  });

  it('leaves out disabled routes, and plugin versions only they use', () => {
    const contents = assemble(
      [aRoute(1, pluginA), aRoute(2, pluginB, 'latest', false)],
      [aVersion(pluginA, 3), aVersion(pluginA, 1), aVersion(pluginB, 1)],
    );
    expect(contents.plugins.map(({ id, version }) => [id, version])).toEqual([[pluginA, 3]]);
    expect(contents.routes.map(({ name }) => name)).toEqual(['r1']);
  });

  it('hands redirects and static answers on, without a plugin', () => {
    const [redirect, fixed] = [
      { kind: 'redirect', url: '/new', status: 308 },
      { kind: 'static', status: 503, headers: { 'retry-after': '60' }, body: 'back soon' },
    ].map((target, id) => ({ ...aRoute(id, pluginA), spec: RouteSpec.parse({ ...aRoute(id, pluginA).spec, target }) }));
    const contents = assemble([redirect as Row, fixed as Row], []);
    expect(contents.plugins).toEqual([]);
    expect(contents.routes.map(({ target }) => target)).toEqual([redirect?.spec.target, fixed?.spec.target]);
  });

  it('resolves the slots of a route in their order, with the versions they need, and leaves out disabled ones', () => {
    const slots = [
      { plugin: pluginB, include: ['/a'], config: { k: [1] }, onError: 'skip' },
      { plugin: pluginB, enabled: false },
      { plugin: pluginA, version: 1 },
    ];
    const row = aRoute(1, pluginA);
    const route = { ...row, spec: RouteSpec.parse({ ...row.spec, plugins: slots }) };
    const versions = [aVersion(pluginA, 1), aVersion(pluginA, 3), aVersion(pluginB, 1, { kind: 'request_transformer' })];
    const contents = assemble([route], versions);
    expect(contents.routes[0]?.plugins).toEqual([
      { plugin: pluginB, version: 1, include: ['/a'], exclude: [], config: { k: [1] }, onError: 'skip' },
      { plugin: pluginA, version: 1, include: [], exclude: [], config: {}, onError: 'fail' },
    ]);
    expect(contents.plugins.map(({ kind }) => kind)).toEqual(['backend', 'backend', 'request_transformer']);
    const sealed = sealSnapshot({ incarnation: '00000000-0000-4000-8000-000000000001', revision: 1 }, contents);
    expect(Snapshot.parse(sealed)).toEqual(sealed);
    expect(() => assemble([route], versions.slice(0, 2))).toThrow(/rt_.*not there/);
  });

  it('has no field for slots where there are none, so that the route is the same to nodes that do not know them', () => {
    const off = { ...aRoute(1, pluginA), spec: RouteSpec.parse({ ...aRoute(1, pluginA).spec, plugins: [{ plugin: pluginB, enabled: false }] }) };
    expect(assemble([off], [aVersion(pluginA, 3)])).toEqual(assemble([aRoute(1, pluginA)], [aVersion(pluginA, 3)]));
    expect(assemble([off], [aVersion(pluginA, 3)]).routes[0]).not.toHaveProperty('plugins');
  });

  it('has the slots of the settings once, whatever the routes, with the versions they need', () => {
    const settings = {
      plugins: [
        { plugin: pluginB, onError: 'skip' },
        { plugin: pluginA, enabled: false },
        { plugin: pluginA, version: 1 },
      ],
    };
    const globals = globalSlots(settings, currentVersions);
    const versions = [aVersion(pluginA, 1), aVersion(pluginA, 3), aVersion(pluginB, 1, { kind: 'sink', compat: 'otoroshi' })];
    const contents = assembleSnapshot(enabledRoutes([aRoute(1, pluginA), aRoute(2, pluginA)], currentVersions), versions, globals);
    expect(contents.globalPlugins).toMatchObject([
      { plugin: pluginB, version: 1, onError: 'skip' },
      { plugin: pluginA, version: 1, onError: 'fail' },
    ]);
    expect(contents.plugins).toMatchObject([{ version: 1 }, { version: 3 }, { kind: 'sink', compat: 'otoroshi' }]);
    for (const route of contents.routes) expect(route).not.toHaveProperty('plugins');
    const sealed = sealSnapshot({ incarnation: '00000000-0000-4000-8000-000000000001', revision: 1 }, contents);
    expect(Snapshot.parse(sealed)).toEqual(sealed);
    expect(() => assembleSnapshot([], versions.slice(0, 2), globals)).toThrow(/settings.*not there/);
    expect(() => globalSlots({ plugins: [{ plugin: 'pl_gone' }] }, currentVersions)).toThrow(/settings.*pl_gone/);
  });

  it('has no field for the settings and for compat where there is nothing to say, so that nodes which do not know them go on', () => {
    for (const settings of [undefined, { plugins: [] }, { plugins: [{ plugin: pluginB, enabled: false }] }]) {
      const globals = globalSlots(settings, currentVersions);
      const contents = assembleSnapshot(enabledRoutes([aRoute(1, pluginA)], currentVersions), [aVersion(pluginA, 3)], globals);
      expect(contents).not.toHaveProperty('globalPlugins');
      expect(contents.plugins[0]).not.toHaveProperty('compat');
    }
  });

  it('hands on the upstream that a function may leave requests to, and no field where it has none', () => {
    const upstream = { kind: 'upstream', targets: [{ url: 'https://example.com' }] };
    const row = aRoute(1, pluginA);
    const delegating = { ...row, spec: RouteSpec.parse({ ...row.spec, target: { kind: 'function', plugin: pluginA, upstream } }) };
    const [plain, other] = [row, delegating].map((one) => assemble([one], [aVersion(pluginA, 3)]).routes[0]?.target);
    expect(plain).toEqual({ kind: 'function', plugin: pluginA, version: 3 });
    expect(other).toMatchObject({ kind: 'function', version: 3, upstream });
  });

  it('does not depend on the order of rows', () => {
    const routes = [aRoute(1, pluginA), aRoute(2, pluginB), aRoute(3, pluginA, 1)];
    const versions = [aVersion(pluginA, 3), aVersion(pluginB, 1), aVersion(pluginA, 1)];
    expect(assemble([...routes].reverse(), [...versions].reverse())).toEqual(assemble(routes, versions));
  });

  it('spells every grant out, sorted', () => {
    const hostFunctions = ['plugin_map:write', { name: 'plugin_map', access: ['read', 'write'] }];
    const contents = assemble([aRoute(1, pluginB)], [aVersion(pluginB, 1, { hostFunctions })]);
    expect(contents.plugins[0]?.grants).toEqual(['plugin_map:read', 'plugin_map:write']);
  });

  it('carries the narrowest limits of each store, and no field where there are none', () => {
    const hostFunctions = [
      'plugin_map:write',
      { name: 'plugin_map', access: ['read'], ttlMs: 500, maxKeys: 10 },
      { name: 'plugin_map', access: ['write'], ttlMs: 900 },
      { name: 'global_datastore', access: ['read'] },
    ];
    const narrowed = assemble([aRoute(1, pluginB)], [aVersion(pluginB, 1, { hostFunctions })]);
    expect(narrowed.plugins[0]?.storeLimits).toEqual({ plugin_map: { ttlMs: 500, maxKeys: 10 } });
    expect(assemble([aRoute(1, pluginB)], [aVersion(pluginB, 1)]).plugins[0]).not.toHaveProperty('storeLimits');
  });

  it('throws rather than publish a route without its plugin', () => {
    expect(() => assemble([aRoute(1, pluginA)], [])).toThrow(/rt_/);
    expect(() => enabledRoutes([aRoute(1, 'pl_gone')], currentVersions)).toThrow(/rt_/);
  });
});
