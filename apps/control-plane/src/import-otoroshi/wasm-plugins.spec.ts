import { describe, expect, it } from '@jest/globals';
import { PluginSpec } from '@torii/contracts';
import { aFileRoute, aFileSlot, converted, onlyRoute } from '../../test/support/otoroshi-file.js';

const rights = (read: boolean, write: boolean) => ({ read, write });
const given = new Map([['faas.wasm', 'a'.repeat(64)]]);

function pluginOf(config: object, className = 'WasmBackend') {
  const { plugins, items } = converted(aFileRoute({ backend: null, plugins: [aFileSlot(className, config)] }), { given });
  const [plugin] = plugins;
  if (plugin === undefined) throw new Error('the slot comes to no plugin');
  if (plugin.spec !== undefined) expect(PluginSpec.safeParse({ ...plugin.spec, name: 'x' })).toMatchObject({ success: true });
  return { plugin, spec: plugin.spec, items };
}

const path = { source: { kind: 'wasmo', path: 'faas.wasm', opts: {} } };

describe('a configuration of Wasm', () => {
  it('becomes a plugin with all that it may do, and no more', () => {
    const { spec, items } = pluginOf({
      ...path,
      memoryPages: 2_048,
      functionName: 'GetCompleteAddress',
      config: { KEY: 'v' },
      allowedHosts: ['*.data.gouv.fr'],
      allowedPaths: {},
      wasi: true,
      opa: false,
      httpWasm: false,
      isJS: true,
      instances: 100,
      authorizations: {
        httpAccess: true,
        proxyHttpCallTimeout: 20_000,
        globalDataStoreAccess: rights(true, false),
        pluginDataStoreAccess: rights(false, false),
        globalMapAccess: rights(false, true),
        pluginMapAccess: rights(true, true),
        proxyStateAccess: true,
        configurationAccess: false,
      },
      killOptions: { immortal: false, max_calls: 500, max_memory_usage: 0.5, max_avg_call_duration: 0, max_unused_duration: 300_000 },
    });
    expect(items).toEqual([]);
    expect(spec).toMatchObject({
      kind: 'backend',
      source: { kind: 'artifact', sha256: 'a'.repeat(64) },
      functionName: 'GetCompleteAddress',
      wasi: true,
      allowedHosts: ['*.data.gouv.fr'],
      hostFunctions: ['global_datastore:read', 'global_map:write', 'plugin_map:read', 'plugin_map:write', 'state:read'],
      config: { KEY: 'v' },
      limits: { memoryMaxBytes: 134_217_728, wallMs: 20_000, maxInstancesPerNode: 100, instanceMaxCalls: 500, instanceKeptMaxBytes: 67_108_864 },
    });
  });

  it.each([
    ['WasmBackend', 'backend', 'call_backend'],
    ['WasmRouteMatcher', 'route_matcher', 'matches_route'],
    ['WasmPreRoute', 'pre_route', 'pre_route'],
    ['WasmAccessValidator', 'access_validator', 'access'],
    ['WasmRequestTransformer', 'request_transformer', 'transform_request'],
    ['WasmResponseTransformer', 'response_transformer', 'transform_response'],
    ['WasmWebsocketTransformer', 'websocket_transformer', 'on_request_message'],
  ])('is of the kind of its class, and called as Otoroshi does: %s', (className, kind, functionName) => {
    expect(pluginOf({ ...path, functionName: '' }, className).spec).toMatchObject({ kind, functionName, hostFunctions: [], wasi: false });
  });

  it.each<[object, object]>([
    [{ source: { kind: 'WasmManager', path: 'faas-1.0.0-dev.wasm' } }, { kind: 'function', name: 'faas', version: 'dev' }],
    [{ source: { kind: 'wasmo', path: 'My Plugin-1.2.0.wasm' } }, { kind: 'function', name: 'my-plugin', version: '1.2.0' }],
    [{ compiler_source: 'faas-2.0.1' }, { kind: 'function', name: 'faas', version: '2.0.1' }],
    [{ source: { kind: 'Base64', path: 'base64://AGFzbQEAAAA=' } }, { kind: 'base64', data: 'AGFzbQEAAAA=' }],
    [{ raw_source: 'base64://AGFz\nbQEAAAA=' }, { kind: 'base64', data: 'AGFzbQEAAAA=' }],
    [{ raw_source: 'AGFzbQEAAAA=' }, { kind: 'base64', data: 'AGFzbQEAAAA=' }],
  ])('has its module where the file says: %j', (config, source) => {
    const { spec, items } = pluginOf(config);
    expect(spec?.source).toEqual(source);
    expect(items).toEqual([]);
  });

  it.each<[object, string]>([
    [{ raw_source: 'https://x.example/a.wasm' }, '/raw_source'],
    [{ source: { kind: 'http', path: 'https://x.example/a.wasm', opts: { headers: { a: 'b' } } } }, '/source/path'],
    [{ source: { kind: 'file', path: 'file:///opt/a.wasm' } }, '/source/path'],
    [{ source: { kind: 'wasmo', path: '6a3b' } }, '/source/path'],
    [{ source: { kind: 'classpath', path: 'wasm/coraza.wasm' } }, '/source/path'],
    [{ source: { kind: 'Unknown', path: '' } }, '/source/path'],
    [{}, ''],
  ])('is lost where its module cannot be had, and says how to give it: %j', (config, pointer) => {
    const { spec, items } = pluginOf(config);
    expect(spec).toBeUndefined();
    expect(items).toMatchObject([
      { severity: 'lost', pointer: `/plugins/0/config${pointer}`, instead: expect.stringMatching(/\?module=|where the module is/) },
    ]);
  });

  it('has the rights that older files call accesses', () => {
    expect(pluginOf({ ...path, accesses: { pluginMapAccess: rights(true, false) } }).spec?.hostFunctions).toEqual(['plugin_map:read']);
  });

  it('loses what would have let it call every host', () => {
    const { items } = pluginOf({ ...path, authorizations: { httpAccess: true } });
    expect(items).toMatchObject([{ severity: 'lost', pointer: '/plugins/0/config/allowedHosts' }]);
    const named = pluginOf({ ...path, allowedHosts: ['*', 'a.example', 'a*.example'] });
    expect(named.spec?.allowedHosts).toEqual(['a.example']);
    expect(named.items.map(({ pointer }) => pointer)).toEqual(['/plugins/0/config/allowedHosts/0', '/plugins/0/config/allowedHosts/2']);
  });

  it('loses files, policies and what nobody knows, and keeps the rest', () => {
    const { spec, items } = pluginOf({ ...path, allowedPaths: { '/tmp': '/tmp' }, opa: true, config: { n: 1 }, novel: [1] });
    expect(spec).toMatchObject({ allowedPaths: {}, config: {} });
    expect(items.map(({ pointer, severity }) => `${severity} ${pointer.slice('/plugins/0/config/'.length)}`).sort()).toEqual([
      'lost allowedPaths',
      'lost config/n',
      'lost novel',
      'lost opa',
    ]);
  });

  it('is not killed more often than it says', () => {
    const limits = { instanceMaxCalls: expect.anything() };
    expect(pluginOf({ ...path, killOptions: { immortal: true, max_calls: 5 } }).spec?.limits).not.toMatchObject(limits);
    expect(pluginOf({ ...path, killOptions: { max_calls: 2_147_483_647 } }).spec?.limits).not.toMatchObject(limits);
  });
});

describe('an entity of Wasm', () => {
  const entity = {
    id: 'wasm-plugin_1',
    name: 'Géo location',
    description: 'd',
    tags: ['x'],
    steps: ['CallBackend'],
    config: { ...path, functionName: 'run' },
  };
  const local = (more: object = {}) => ({ source: { kind: 'local', path: 'wasm-plugin_1' }, ...more });
  const slots = (...plugins: object[]) => ({ routes: [aFileRoute({ backend: null, plugins })], wasmPlugins: [entity] });

  it('becomes a plugin for each way in which it is used', () => {
    const body = slots(
      aFileSlot('WasmBackend', local()),
      aFileSlot('WasmPreRoute', local({ functionName: 'before' })),
      aFileSlot('WasmPreRoute', local({ functionName: 'before' })),
    );
    const { plugins, routes, items } = converted(body, { given });
    expect(items).toEqual([]);
    expect(plugins.map(({ wish, spec }) => [wish, spec?.functionName, spec?.kind])).toEqual([
      ['geo-location-pre-route-before', 'before', 'pre_route'],
      ['geo-location-backend', 'run', 'backend'],
    ]);
    expect(routes[0]?.slots).toHaveLength(2);
    expect(plugins.every(({ pointer }) => pointer === '/wasmPlugins/0')).toBe(true);
  });

  it('is referred to by entity:// and wasm_ref too', () => {
    for (const config of [{ raw_source: 'entity://wasm-plugin_1' }, { raw_source: 'local://wasm-plugin_1' }, { wasm_ref: 'wasm-plugin_1' }]) {
      expect(converted(slots(aFileSlot('WasmBackend', config)), { given }).plugins).toMatchObject([{ wish: 'geo-location-backend' }]);
    }
  });

  it('that no route uses is what its steps say', () => {
    expect(converted([entity], { given }).plugins).toMatchObject([{ wish: 'geo-location-backend', pointer: '/0' }]);
    expect(converted({ ...entity, steps: ['Sink'] }, { given }).plugins).toMatchObject([{ wish: 'geo-location-sink' }]);
    const { plugins, items } = converted({ ...entity, steps: ['Job'] }, { given });
    expect({ plugins, items }).toMatchObject({ plugins: [], items: [{ severity: 'lost', pointer: '' }] });
  });

  it('that the file does not have is lost', () => {
    const { slots: of, items } = onlyRoute(aFileRoute({ plugins: [aFileSlot('WasmPreRoute', local())] }));
    expect(of).toEqual([]);
    expect(items).toMatchObject([{ severity: 'lost', pointer: '/plugins/0/config/source/path' }]);
  });
});
