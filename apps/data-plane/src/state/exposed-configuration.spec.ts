import { describe, expect, it } from '@jest/globals';
import { PluginLimits, type SnapshotPlugin, type SnapshotRoute } from '@torii/contracts';
import { ExposedConfiguration, type ExposedSnapshot, type NodeFacts } from './exposed-configuration.js';

const egress = { connectTimeoutMs: 1, requestTimeoutMs: 2, responseMaxBytes: 3, maxRedirects: 4, maxConcurrent: 5 };
const facts: NodeFacts = {
  nodeId: 'nd_1',
  version: '1.2.3',
  dataThreads: 2,
  requestTimeoutMs: 6,
  requestBytesMax: 7,
  maxConnections: 8,
  maxInstances: 9,
  egress,
};

function aPlugin(id: string, part: Partial<SnapshotPlugin> = {}): { plugin: SnapshotPlugin } {
  const plugin = {
    id: id as SnapshotPlugin['id'],
    name: id,
    workspace: 'default',
    version: 1,
    kind: 'backend' as const,
    sha256: 'a'.repeat(64) as SnapshotPlugin['sha256'],
    functionName: 'run',
    wasi: false,
    allowedHosts: ['internal.example'],
    allowPrivate: false,
    grants: [],
    mapStore: 'memory' as const,
    config: { API_KEY: 'hidden' },
    limits: PluginLimits.parse({}),
    ...part,
  };
  return { plugin: plugin as SnapshotPlugin };
}

function aRoute(id: string, workspace = 'default'): SnapshotRoute {
  const match = [{ hosts: ['a.example'], paths: [], methods: ['GET'] }];
  const target = { kind: 'function' as const, plugin: 'pl_a' as SnapshotPlugin['id'], version: 1 };
  return { id: id as SnapshotRoute['id'], name: id, workspace, match, stripPath: true, target };
}

const snapshot: ExposedSnapshot = {
  revision: 7,
  plugins: [aPlugin('pl_a', { version: 2 }), aPlugin('pl_a'), aPlugin('pl_other', { workspace: 'other' })],
  routes: () => [aRoute('rt_2'), aRoute('rt_1'), aRoute('rt_3', 'other')],
};

const parsed = (text: string | Uint8Array | undefined): unknown => (text === undefined ? undefined : JSON.parse(Buffer.from(text).toString()));

describe('ExposedConfiguration', () => {
  it('shows empty lists before there is a configuration', () => {
    const state = new ExposedConfiguration(facts).of('default');
    expect(parsed(state.all())).toMatchObject({ routes: [], wasmPlugins: [], apikeys: [] });
    expect(parsed(state.globalConfig())).toEqual({ workspace: 'default', revision: 0 });
  });

  it('shows the active configuration of the workspace, and nothing of others', () => {
    const configuration = new ExposedConfiguration(facts);
    const state = configuration.of('default');
    configuration.show(snapshot);
    const { routes, wasmPlugins } = parsed(state.all()) as { routes: { id: string }[]; wasmPlugins: { id: string; version: number }[] };
    expect(routes.map(({ id }) => id)).toEqual(['rt_1', 'rt_2']);
    expect(wasmPlugins.map(({ id, version }) => [id, version])).toEqual([['pl_a', 2]]);
    expect(parsed(state.entity('routes', 'rt_2'))).toEqual({
      id: 'rt_2',
      name: 'rt_2',
      match: [{ hosts: ['a.example'], paths: [], methods: ['GET'] }],
      stripPath: true,
      target: { kind: 'function', plugin: 'pl_a', version: 1 },
    });
    expect(state.entity('routes', 'rt_3')).toBeUndefined();
    expect(parsed(state.entity('certificates', undefined))).toEqual([]);
    expect(state.entity('constructor', undefined)).toBeUndefined();
    configuration.show({ ...snapshot, revision: 8, routes: () => [] });
    expect(parsed(state.entity('routes', undefined))).toEqual([]);
    expect(parsed(state.globalConfig())).toEqual({ workspace: 'default', revision: 8 });
  });

  it('shows no configuration of plugins, no hosts they may call, and no setting that is not named', () => {
    const configuration = new ExposedConfiguration({
      ...facts,
      kvRedisUrl: 'redis://:hidden@h',
      egress: { ...egress, overrides: 'hidden' },
    } as NodeFacts);
    configuration.show(snapshot);
    const state = configuration.of('default');
    const everything = [state.all(), state.nodeConfig(), state.nodeState(), state.globalConfig()].map((text) => Buffer.from(text).toString()).join();
    expect(everything).not.toMatch(/hidden|internal\.example|API_KEY/);
    expect(parsed(state.nodeConfig())).toEqual(facts);
    expect(parsed(state.nodeState())).toEqual({ mode: 'node', name: 'nd_1', version: '1.2.3', dataThreads: 2, revision: 7 });
  });

  it('makes each text once per configuration', () => {
    const configuration = new ExposedConfiguration(facts);
    configuration.show(snapshot);
    expect(configuration.of('default').all()).toBe(configuration.of('default').all());
  });
});
