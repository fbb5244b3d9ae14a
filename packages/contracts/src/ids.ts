import { z } from 'zod';

/** What each kind of id begins with; the rest is a UUIDv7 in lower-case hex with dashes. */
export const idPrefixes = {
  plugin: 'pl',
  route: 'rt',
  key: 'key',
  audit: 'au',
  node: 'nd',
  request: 'rq',
  function: 'fn',
  build: 'bd',
  builder: 'br',
} as const;

export type EntityKind = keyof typeof idPrefixes;

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

function idSchema<Brand extends string>(kind: EntityKind) {
  return z
    .string()
    .regex(new RegExp(`^${idPrefixes[kind]}_${uuid}$`), `must be an id such as ${idPrefixes[kind]}_0190…`)
    .brand<Brand>();
}

export const PluginId = idSchema<'PluginId'>('plugin');
export type PluginId = z.infer<typeof PluginId>;

export const RouteId = idSchema<'RouteId'>('route');
export type RouteId = z.infer<typeof RouteId>;

export const NodeId = idSchema<'NodeId'>('node');
export type NodeId = z.infer<typeof NodeId>;

export const FunctionId = idSchema<'FunctionId'>('function');
export type FunctionId = z.infer<typeof FunctionId>;

export const BuildId = idSchema<'BuildId'>('build');
export type BuildId = z.infer<typeof BuildId>;

export const BuilderId = idSchema<'BuilderId'>('builder');
export type BuilderId = z.infer<typeof BuilderId>;

/** Names are unique per workspace and may stand wherever an id may. */
export const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;

export const EntityName = z.string().regex(namePattern, 'must be 1 to 63 lower-case letters, digits or dashes, and not begin with a dash');
export type EntityName = z.infer<typeof EntityName>;

/** Whether a reference is written as an id of that kind rather than as a name (names have no underscore). */
export function isIdOf(kind: EntityKind, reference: string): boolean {
  return reference.startsWith(`${idPrefixes[kind]}_`);
}

export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'must be a sha256: 64 lower-case hex digits');
export type Sha256 = z.infer<typeof Sha256>;

/** The only workspace until there are more; every table, key and metric carries it from the first day. */
export const defaultWorkspace = 'default';
