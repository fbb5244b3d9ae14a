import { z } from 'zod';
import { GrantString, StoreLimits, storeNames } from './host-functions.js';
import { PluginId, RouteId, Sha256 } from './ids.js';
import { PluginLimits } from './limits.js';
import { ServedKind } from './plugin-kind.js';
import { PathMatch, ValueMatch } from './route.js';
import { UpstreamTarget } from './upstream.js';

/** One plugin version as a node runs it: every reference resolved, every default filled in. */
export const SnapshotPlugin = z.strictObject({
  id: PluginId,
  name: z.string(),
  workspace: z.string(),
  version: z.int().min(1),
  kind: ServedKind,
  sha256: Sha256,
  functionName: z.string(),
  wasi: z.boolean(),
  allowedHosts: z.array(z.string()),
  allowPrivate: z.boolean(),
  grants: z.array(GrantString),
  /** Only of grants that were narrowed, and left out when none was. */
  storeLimits: z.partialRecord(z.enum(storeNames), StoreLimits).optional(),
  mapStore: z.enum(['memory', 'shared']),
  isolation: z.enum(['reuse', 'fresh']),
  /** Left out unless the plugin is to be served as Otoroshi serves it. */
  compat: z.literal('otoroshi').optional(),
  config: z.record(z.string(), z.string()),
  limits: PluginLimits,
});
export type SnapshotPlugin = z.infer<typeof SnapshotPlugin>;

export const SnapshotMatch = z.strictObject({
  hosts: z.array(z.string()),
  paths: z.array(PathMatch),
  methods: z.array(z.string()),
  /** Each left out when it is empty, so that nodes which do not know them serve configurations without them. */
  headers: z.array(ValueMatch).optional(),
  query: z.array(ValueMatch).optional(),
  cookies: z.array(ValueMatch).optional(),
});
export type SnapshotMatch = z.infer<typeof SnapshotMatch>;

/** A plugin's place on a route, or on all of them: enabled, its version resolved. */
export const SnapshotSlot = z.strictObject({
  plugin: PluginId,
  version: z.int().min(1),
  /** Expressions in RE2's syntax, of which one must match the whole path. */
  include: z.array(z.string()),
  /** Of which none may. */
  exclude: z.array(z.string()),
  config: z.record(z.string(), z.json()),
  onError: z.enum(['fail', 'skip']),
});
export type SnapshotSlot = z.infer<typeof SnapshotSlot>;

export const SnapshotRoute = z.strictObject({
  id: RouteId,
  name: z.string(),
  workspace: z.string(),
  match: z.array(SnapshotMatch),
  /** 0 when left out. */
  priority: z.int().optional(),
  stripPath: z.boolean(),
  /** Left out when there are none, so that nodes which do not know slots serve configurations without them. */
  plugins: z.array(SnapshotSlot).optional(),
  target: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('function'), plugin: PluginId, version: z.int().min(1), upstream: UpstreamTarget.optional() }),
    UpstreamTarget,
    z.strictObject({ kind: z.literal('redirect'), url: z.string(), status: z.int() }),
    z.strictObject({ kind: z.literal('static'), status: z.int(), headers: z.record(z.string(), z.string()), body: z.string() }),
  ]),
});
export type SnapshotRoute = z.infer<typeof SnapshotRoute>;

export const snapshotSchemaVersion = 1;

/** What every node is told: which configuration is current. */
export const CurrentRevision = z.strictObject({
  /** Names one life of the control plane's database; a node takes any revision of another life. */
  incarnation: z.uuid(),
  revision: z.int().min(0),
  /** Over the sorted (entity key, content hash) pairs, so that a delta can be verified in O(change). */
  hash: Sha256,
});
export type CurrentRevision = z.infer<typeof CurrentRevision>;

/** A complete, immutable configuration: the enabled routes and the plugin versions they need. */
export const Snapshot = CurrentRevision.extend({
  schemaVersion: z.literal(snapshotSchemaVersion),
  plugins: z.array(SnapshotPlugin),
  /** Of all routes, routers and sinks. Left out when there are none, as slots of routes are. */
  globalPlugins: z.array(SnapshotSlot).optional(),
  /** Debug tokens of other epochs are revoked. Left out until some were. */
  debugEpoch: z.string().optional(),
  routes: z.array(SnapshotRoute),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** Identifies a plugin version within a snapshot. */
export function pluginVersionKey(plugin: Pick<SnapshotPlugin, 'id' | 'version'>): string {
  return `${plugin.id}@${plugin.version}`;
}
