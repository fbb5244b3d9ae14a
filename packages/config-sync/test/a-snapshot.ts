import { PluginLimits, PluginSpec, type Snapshot, SnapshotPlugin, SnapshotRoute, SnapshotSlot } from '@torii/contracts';
import { sealSnapshot } from '../src/snapshot-digest.js';

export const oneLife = '01995f3c-7a2b-7c3d-8e4f-000000000001';
export const otherLife = '01995f3c-7a2b-7c3d-8e4f-000000000002';

const pluginId = 'pl_01995f3c-7a2b-7c3d-8e4f-0123456789ab';

export function aPlugin(change: Partial<SnapshotPlugin> = {}): SnapshotPlugin {
  const { wasi, allowedHosts, allowPrivate, mapStore, isolation, config } = PluginSpec.parse({
    name: 'geolocation',
    functionName: 'GetCompleteAddress',
    source: { kind: 'artifact', sha256: 'ab'.repeat(32) },
  });
  return SnapshotPlugin.parse({
    id: pluginId,
    name: 'geolocation',
    workspace: 'default',
    version: 1,
    kind: 'backend',
    sha256: 'ab'.repeat(32),
    functionName: 'GetCompleteAddress',
    grants: ['plugin_map:read'],
    limits: PluginLimits.parse({}),
    ...{ wasi, allowedHosts, allowPrivate, mapStore, isolation, config },
    ...change,
  });
}

export function aRoute(change: Record<string, unknown> = {}): SnapshotRoute {
  return SnapshotRoute.parse({
    id: 'rt_01995f3c-7a2b-7c3d-8e4f-0123456789ab',
    name: 'search',
    workspace: 'default',
    match: [{ hosts: ['localhost'], paths: [{ type: 'prefix', value: '/search' }], methods: [] }],
    stripPath: true,
    target: { kind: 'function', plugin: pluginId, version: 1 },
    ...change,
  });
}

export function aSlot(change: Partial<SnapshotSlot> = {}): SnapshotSlot {
  return SnapshotSlot.parse({ plugin: pluginId, version: 1, include: [], exclude: [], config: {}, onError: 'fail', ...change });
}

export function aSnapshot(revision: number, incarnation = oneLife): Snapshot {
  return sealSnapshot({ incarnation, revision }, { plugins: [aPlugin()], routes: [aRoute({ name: `search-${revision}` })] });
}
