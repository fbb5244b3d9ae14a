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
}

/** A version of a plugin as the API answers it. */
export function toPlugin(row: PluginRow, version: PluginVersionRow): Plugin {
  return Plugin.parse({
    ...PluginSpec.parse(version.spec),
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
