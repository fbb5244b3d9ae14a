import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@torii/config-sync';
import { defaultWorkspace, Settings } from '@torii/contracts';
import { Answer } from '../http/answer.js';
import { checkPreconditions, etagOf, isNotModified } from '../http/etag.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { ConfigWriter, type Write } from '../writes/config-writer.service.js';
import { readEntity, readPatch } from '../writes/entity-input.js';
import { resolveSettings } from './resolve-settings.js';
import { findSettings, withPlugins } from './settings.queries.js';

/** They are one entity of a workspace, which has neither a name nor an id. */
const entity = { entityKind: 'settings', entityId: defaultWorkspace, entityName: 'settings' } as const;
const input = { schema: Settings, readOnly: [] };

/** The rules of the settings: plugins are referred to by name or id, kept as ids and answered as names. */
@Injectable()
export class SettingsService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly writer: ConfigWriter,
  ) {}

  async get(context: RequestContext): Promise<Answer<Settings | undefined>> {
    const settings = await findSettings(this.prisma);
    const etag = etagOf(settings);
    return isNotModified(context.ifNoneMatch, etag) ? new Answer(304, undefined, { etag }) : new Answer(200, settings, { etag });
  }

  put(body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, async (write) => {
      const current = await findSettings(write.tx);
      checkPreconditions(context, etagOf(current));
      return this.update(write, current, readEntity(body, { ...input, current }));
    });
  }

  patch(body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, async (write) => {
      const current = await findSettings(write.tx);
      checkPreconditions(context, etagOf(current));
      return this.update(write, current, readPatch(body, { ...input, current }));
    });
  }

  /** Changes the settings in a write that is under way; throws `client.invalid`. A write that changes nothing makes no revision. */
  async update(write: Write, current: Settings, written: Settings): Promise<Answer<Settings>> {
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
}
