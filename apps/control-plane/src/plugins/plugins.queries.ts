import { defaultWorkspace, isIdOf, type Plugin, PluginKind } from '@torii/contracts';
import { z } from 'zod';
import type { Transaction } from '../prisma/prisma.service.js';
import { type PluginRow, toPlugin, withFunctionName } from './plugin.mapper.js';

interface PluginRowAt extends PluginRow {
  readonly version: number;
}

const KindRows = z.array(z.object({ pluginId: z.string(), version: z.int(), kind: PluginKind }));

/** The plugin with that id or name, at its current version. */
export async function findPlugin(tx: Transaction, reference: string): Promise<Plugin | undefined> {
  const row = await tx.plugin.findUnique({ where: whereOf(reference) });
  return row === null ? undefined : findPluginVersion(tx, row, row.version);
}

/** Only what identifies the plugin, and which version is its current one. */
export async function findPluginRow(tx: Transaction, reference: string) {
  return (await tx.plugin.findUnique({ where: whereOf(reference) })) ?? undefined;
}

export async function findPluginVersion(tx: Transaction, row: { id: string; createdAt: Date }, version: number): Promise<Plugin | undefined> {
  const found = await tx.pluginVersion.findUnique({ where: { pluginId_version: { pluginId: row.id, version } }, include: withFunctionName });
  return found === null ? undefined : toPlugin(row, found);
}

/** The plugins of these rows at their current versions, by id; one that was deleted since the rows were read is left out. */
export async function pluginsOf(tx: Transaction, rows: readonly PluginRowAt[]): Promise<Map<string, Plugin>> {
  if (rows.length === 0) return new Map();
  const versions = await tx.pluginVersion.findMany({
    where: { OR: rows.map((row) => ({ pluginId: row.id, version: row.version })) },
    include: withFunctionName,
  });
  const byPlugin = new Map(versions.map((version) => [version.pluginId, version]));
  const found = rows.map((row) => ({ row, version: byPlugin.get(row.id) }));
  return new Map(found.flatMap(({ row, version }) => (version === undefined ? [] : [[row.id, toPlugin(row, version)] as const])));
}

/** Those that are there, by the name or id they are asked for with. */
export async function findPluginRows(tx: Transaction, references: readonly string[]) {
  if (references.length === 0) return new Map<string, never>();
  const wanted = [...references];
  const rows = await tx.plugin.findMany({ where: { workspace: defaultWorkspace, OR: [{ id: { in: wanted } }, { name: { in: wanted } }] } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byName = new Map(rows.map((row) => [row.name, row]));
  const found = references.map((reference) => [reference, isIdOf('plugin', reference) ? byId.get(reference) : byName.get(reference)] as const);
  return new Map(found.flatMap(([reference, row]) => (row === undefined ? [] : [[reference, row] as const])));
}

interface VersionReference {
  readonly pluginId: string;
  readonly version: number;
}

/** The kinds of the versions that are there, by `versionKey`. */
export async function pluginKinds(tx: Transaction, versions: readonly VersionReference[]): Promise<ReadonlyMap<string, PluginKind>> {
  if (versions.length === 0) return new Map();
  const distinct = [...new Map(versions.map((version) => [versionKey(version), version])).values()];
  const rows = await tx.$queryRaw`
    SELECT v.plugin_id AS "pluginId", v.version, v.spec->>'kind' AS kind
    FROM plugin_versions v
    JOIN unnest(${distinct.map(({ pluginId }) => pluginId)}::text[], ${distinct.map(({ version }) => version)}::int[]) AS wanted (id, version)
      ON v.plugin_id = wanted.id AND v.version = wanted.version`;
  return new Map(KindRows.parse(rows).map((row) => [versionKey(row), row.kind]));
}

export function versionKey({ pluginId, version }: VersionReference): string {
  return `${pluginId} ${version}`;
}

function whereOf(reference: string) {
  return isIdOf('plugin', reference) ? { id: reference } : { workspace_name: { workspace: defaultWorkspace, name: reference } };
}
