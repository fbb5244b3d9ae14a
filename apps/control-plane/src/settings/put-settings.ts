import { canonicalJson } from '@torii/config-sync';
import { defaultWorkspace, type Settings } from '@torii/contracts';
import { Answer } from '../http/answer.js';
import { etagOf } from '../http/etag.js';
import type { Prisma } from '../prisma/generated/client.js';
import type { Write } from '../writes/config-writer.service.js';
import { resolveSettings } from './resolve-settings.js';
import { withPlugins } from './settings.queries.js';

/** They are one entity of a workspace, which has neither a name nor an id. */
const entity = { entityKind: 'settings', entityId: defaultWorkspace, entityName: 'settings' } as const;

/** Changes the settings in a write that is under way; throws `client.invalid`. A write that changes nothing makes no revision. */
export async function putSettings(write: Write, current: Settings, written: Settings): Promise<Answer<Settings>> {
  const { settings: kept, pluginNames } = await resolveSettings(write.tx, written);
  const settings = withPlugins(kept, (id) => pluginNames.get(id) ?? id);
  const etag = etagOf(settings);
  if (canonicalJson(settings) === canonicalJson(current)) return new Answer(200, current, { etag });
  const workspace = defaultWorkspace;
  const columns = { spec: kept as Prisma.InputJsonObject, updatedAt: write.now };
  await write.tx.settings.upsert({ where: { workspace }, create: { workspace, ...columns }, update: columns });
  await write.tx.settingsPlugin.deleteMany({ where: { workspace } });
  await write.tx.settingsPlugin.createMany({ data: [...pluginNames.keys()].map((pluginId) => ({ workspace, pluginId })) });
  write.record({ action: 'update', ...entity, before: current, after: settings });
  return new Answer(200, settings, { etag });
}
