import { defaultWorkspace, isIdOf, type Plugin, PluginKind } from '@torii/contracts';
import { z } from 'zod';
import type { Transaction } from '../prisma/prisma.service.js';
import { toPlugin, withFunctionName } from './plugin.mapper.js';

const KindOfSpec = z.object({ kind: PluginKind });

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

/** The kind of a version that is there. */
export async function pluginKindOf(tx: Transaction, pluginId: string, version: number): Promise<PluginKind> {
  const { spec } = await tx.pluginVersion.findUniqueOrThrow({ where: { pluginId_version: { pluginId, version } }, select: { spec: true } });
  return KindOfSpec.parse(spec).kind;
}

function whereOf(reference: string) {
  return isIdOf('plugin', reference) ? { id: reference } : { workspace_name: { workspace: defaultWorkspace, name: reference } };
}
