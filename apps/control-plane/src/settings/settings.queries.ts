import { defaultWorkspace, Settings } from '@torii/contracts';
import type { Transaction } from '../prisma/prisma.service.js';

const withPluginNames = { plugins: { select: { plugin: { select: { id: true, name: true } } } } } as const;

/** The settings as the API answers them: their plugins by name, as they are called now. */
export async function findSettings(tx: Transaction): Promise<Settings> {
  const row = await tx.settings.findUnique({ where: { workspace: defaultWorkspace }, include: withPluginNames });
  if (row === null) return Settings.parse({});
  const names = new Map(row.plugins.map(({ plugin }) => [plugin.id, plugin.name]));
  return withPlugins(Settings.parse(row.spec), (id) => names.get(id) ?? id);
}

/** The settings with each reference to a plugin replaced. */
export function withPlugins(settings: Settings, replace: (reference: string) => string): Settings {
  return { ...settings, plugins: settings.plugins.map((slot) => ({ ...slot, plugin: replace(slot.plugin) })) };
}

/** The epoch of debug tokens; undefined until some were revoked. */
export async function debugEpoch(tx: Transaction): Promise<string | undefined> {
  const row = await tx.settings.findUnique({ where: { workspace: defaultWorkspace }, select: { debugEpoch: true } });
  return row?.debugEpoch ?? undefined;
}

/** Begins another one; the settings stay as they are. */
export async function startDebugEpoch(tx: Transaction, epoch: string, at: Date): Promise<void> {
  const workspace = defaultWorkspace;
  const spec = Settings.parse({});
  await tx.settings.upsert({ where: { workspace }, create: { workspace, spec, debugEpoch: epoch, updatedAt: at }, update: { debugEpoch: epoch } });
}
