import { Injectable } from '@nestjs/common';
import { Settings } from '@torii/contracts';
import { Answer } from '../http/answer.js';
import { checkPreconditions, etagOf, isNotModified } from '../http/etag.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { RequestContext } from '../http/request-context.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { ConfigWriter } from '../writes/config-writer.service.js';
import { readEntity, readPatch } from '../writes/entity-input.js';
import { putSettings } from './put-settings.js';
import { findSettings } from './settings.queries.js';

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
      return putSettings(write, current, readEntity(body, { ...input, current }));
    });
  }

  patch(body: JsonObject, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, body, async (write) => {
      const current = await findSettings(write.tx);
      checkPreconditions(context, etagOf(current));
      return putSettings(write, current, readPatch(body, { ...input, current }));
    });
  }
}
