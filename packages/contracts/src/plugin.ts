import { z } from 'zod';
import { GrantString, grantNames } from './host-functions.js';
import { EntityName, PluginId, Sha256 } from './ids.js';
import { PluginLimits } from './limits.js';
import { PluginKind } from './plugin-kind.js';

/** Released versions of functions: three numbers without leading zeros, as in semantic versioning 2.0.0. */
export const releasePattern = /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$/;

const VersionSelector = z.union([
  z.literal('latest'),
  z.literal('dev'),
  z.string().regex(releasePattern, 'must be latest, dev, or a version such as 1.2.0'),
]);

/** A function by name or id; answered as its name. */
const FunctionReference = z.string().min(1).max(100);

/** Where a plugin's module comes from. Whatever the kind, it is pinned to a sha256 when the plugin is saved. */
export const PluginSource = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('artifact'), sha256: Sha256 }),
  z.strictObject({ kind: z.literal('base64'), data: z.base64() }),
  z.strictObject({ kind: z.literal('function'), name: FunctionReference, version: VersionSelector.default('latest') }),
  z.strictObject({ kind: z.literal('http'), url: z.url(), headers: z.record(z.string(), z.string()).default({}), sha256: Sha256.optional() }),
  z.strictObject({ kind: z.literal('file'), path: z.string().min(1) }),
  z.strictObject({ kind: z.literal('wasmo'), url: z.url(), name: z.string().min(1), auth: z.record(z.string(), z.string()).default({}) }),
]);
export type PluginSource = z.infer<typeof PluginSource>;

/** A grant as text, `plugin_map:read`, or as an object that narrows it. */
export const HostFunctionGrant = z.union([
  GrantString,
  z.strictObject({
    name: z.enum(grantNames),
    access: z.array(z.enum(['read', 'write'])).min(1),
    ttlMs: z.int().min(1).optional(),
    maxKeys: z.int().min(1).optional(),
    eviction: z.enum(['none', 'lru']).optional(),
  }),
]);
export type HostFunctionGrant = z.infer<typeof HostFunctionGrant>;

/** `[scheme://]host[:port]`; the host exact or `*.suffix`; https:443 and http:80 where scheme or port are left out. */
export const AllowedHost = z
  .string()
  .max(300)
  .regex(
    /^(https?:\/\/)?(\*\.)?([a-z0-9_]([a-z0-9_-]{0,62})?(\.[a-z0-9_]([a-z0-9_-]{0,62})?)*\.?|\[[0-9a-f:.]+\])(:\d{1,5})?$/i,
    'must be [scheme://]host[:port], the host exact or *.suffix',
  );

export const Tags = z.array(z.string().min(1).max(64)).max(64);

/** What an admin writes; fields left out take their defaults. */
export const PluginSpec = z.strictObject({
  name: EntityName,
  description: z.string().max(2000).default(''),
  tags: Tags.default([]),
  kind: PluginKind.default('backend'),
  source: PluginSource,
  functionName: z.string().min(1).max(256),
  wasi: z.boolean().default(false),
  allowedHosts: z.array(AllowedHost).max(256).default([]),
  allowPrivate: z.boolean().default(false),
  allowedPaths: z.record(z.string(), z.string()).default({}),
  hostFunctions: z.array(HostFunctionGrant).max(64).default([]),
  mapStore: z.enum(['memory', 'shared']).default('memory'),
  config: z.record(z.string().min(1).max(256), z.string().max(65_536)).default({}),
  secrets: z.record(z.string().min(1).max(256), z.strictObject({ ref: EntityName })).default({}),
  isolation: z.enum(['reuse', 'fresh']).default('reuse'),
  compat: z.enum(['torii', 'otoroshi']).default('torii'),
  limits: PluginLimits.prefault({}),
});
export type PluginSpec = z.infer<typeof PluginSpec>;
/** A plugin as it may be written, defaults left out. */
export type PluginSpecInput = z.input<typeof PluginSpec>;

/** A plugin as the API answers it. Each write makes a new, immutable version. */
export const Plugin = PluginSpec.extend({
  id: PluginId,
  version: z.int().min(1),
  resolvedSha256: Sha256,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
});
export type Plugin = z.infer<typeof Plugin>;
