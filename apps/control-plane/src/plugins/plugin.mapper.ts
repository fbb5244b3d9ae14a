import { Plugin, PluginSpec } from '@torii/contracts';

export interface PluginRow {
  readonly id: string;
  readonly createdAt: Date;
}

export interface PluginVersionRow {
  readonly version: number;
  readonly spec: unknown;
  readonly resolvedSha256: string;
  readonly createdAt: Date;
  /** The function its source is; null where it is none, or is gone. */
  readonly function: { readonly name: string } | null;
}

/** With each version the name of its function, which it is answered with. */
export const withFunctionName = { function: { select: { name: true } } } as const;

/** A version of a plugin as the API answers it: its function by name, as it is called now. */
export function toPlugin(row: PluginRow, version: PluginVersionRow): Plugin {
  return Plugin.parse({
    ...withFunction(PluginSpec.parse(version.spec), version.function?.name),
    id: row.id,
    version: version.version,
    resolvedSha256: version.resolvedSha256,
    createdAt: row.createdAt.toISOString(),
    updatedAt: version.createdAt.toISOString(),
  });
}

/** Fields of a plugin that we set. */
export const pluginReadOnly = ['id', 'version', 'resolvedSha256', 'createdAt', 'updatedAt'] as const;

/** What an admin wrote of a plugin. */
export function pluginSpecOf(plugin: Plugin): PluginSpec {
  const { id: _id, version: _version, resolvedSha256: _sha256, createdAt: _createdAt, updatedAt: _updatedAt, ...spec } = plugin;
  return spec;
}

/** The plugin with the reference to its function replaced, where it has one. */
export function withFunction(spec: PluginSpec, name: string | undefined): PluginSpec {
  return spec.source.kind === 'function' && name !== undefined ? { ...spec, source: { ...spec.source, name } } : spec;
}
