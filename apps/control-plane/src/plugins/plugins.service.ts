import { Injectable } from '@nestjs/common';
import { AppError, defaultWorkspace, type List, type Plugin, PluginSpec } from '@torii/contracts';
import { z } from 'zod';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { Answer } from '../http/answer.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import { checkPreconditions, etagOf, isNotModified } from '../http/etag.js';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { ListQuery, PageQuery } from '../http/query.js';
import type { RequestContext } from '../http/request-context.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { ConfigWriter, type Write } from '../writes/config-writer.service.js';
import { nameToCreate, readEntity, readPatch } from '../writes/entity-input.js';
import { onlyResult } from '../writes/put.js';
import { pluginReadOnly, toPlugin, withFunctionName } from './plugin.mapper.js';
import { pluginUsers } from './plugin-users.js';
import { findPlugin, findPluginRow, findPluginVersion, pluginsOf } from './plugins.queries.js';
import { putPlugins } from './put-plugins.js';
import { storeInlineModule } from './resolve-source.js';

const NamePosition = z.strictObject({ name: z.string() });
const VersionPosition = z.strictObject({ version: z.int32() });

/** The rules of plugins: each write makes a new, immutable version; a plugin that a route or the settings use stays. */
@Injectable()
export class PluginsService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly writer: ConfigWriter,
    private readonly artifacts: ArtifactsService,
  ) {}

  async list(query: ListQuery): Promise<List<Plugin>> {
    const after = query.cursor === undefined ? undefined : decodeCursor(NamePosition, query.cursor).name;
    const rows = await this.prisma.plugin.findMany({
      where: {
        workspace: defaultWorkspace,
        ...(after === undefined ? {} : { name: { gt: after } }),
        ...(query.tag === undefined ? {} : { tags: { has: query.tag } }),
        ...(query.q === undefined ? {} : { OR: [contains('name', query.q), contains('description', query.q)] }),
      },
      orderBy: { name: 'asc' },
      take: query.limit + 1,
    });
    const plugins = await pluginsOf(this.prisma, rows);
    const page = pageOf(
      rows,
      query.limit,
      ({ id }) => plugins.get(id),
      ({ name }) => ({ name }),
    );
    return { items: page.items.filter((plugin) => plugin !== undefined), nextCursor: page.nextCursor };
  }

  async get(reference: string, context: RequestContext): Promise<Answer<Plugin | undefined>> {
    const plugin = await findPlugin(this.prisma, reference);
    if (plugin === undefined) throw notFound();
    const etag = etagOf(plugin);
    return isNotModified(context.ifNoneMatch, etag) ? new Answer(304, undefined, { etag }) : new Answer(200, plugin, { etag });
  }

  async versions(reference: string, query: PageQuery): Promise<List<Plugin>> {
    const before = query.cursor === undefined ? undefined : decodeCursor(VersionPosition, query.cursor).version;
    const row = await findPluginRow(this.prisma, reference);
    if (row === undefined) throw notFound();
    const versions = await this.prisma.pluginVersion.findMany({
      where: { pluginId: row.id, ...(before === undefined ? {} : { version: { lt: before } }) },
      include: withFunctionName,
      orderBy: { version: 'desc' },
      take: query.limit + 1,
    });
    return pageOf(
      versions,
      query.limit,
      (version) => toPlugin(row, version),
      ({ version }) => ({ version }),
    );
  }

  async version(reference: string, version: string): Promise<Plugin> {
    const row = await findPluginRow(this.prisma, reference);
    if (row === undefined) throw notFound();
    const number = /^[1-9]\d{0,8}$/.test(version) ? Number(version) : undefined;
    const found = number === undefined ? undefined : await findPluginVersion(this.prisma, row, number);
    if (found === undefined) throw new AppError('client.not_found', { detail: `the plugin has no version ${version}: the newest is ${row.version}` });
    return found;
  }

  async create(body: JsonObject, context: RequestContext): Promise<Answer> {
    const pinned = await storeInlineModule(body, this.artifacts, context);
    return this.writer.run(context, body, (write) => this.insert(write, readEntity(pinned, { schema: PluginSpec, readOnly: pluginReadOnly })));
  }

  async put(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    const pinned = await storeInlineModule(body, this.artifacts, context);
    return this.writer.run(context, body, async (write) => {
      const current = await findPlugin(write.tx, reference);
      checkPreconditions(context, current && etagOf(current));
      if (current !== undefined) {
        return this.update(write, current, readEntity(pinned, { schema: PluginSpec, readOnly: pluginReadOnly, current, name: current.name }));
      }
      const name = nameToCreate('plugin', reference);
      if (name === undefined) throw notFound();
      const spec = readEntity(pinned, { schema: PluginSpec, readOnly: pluginReadOnly, name });
      if (spec.name !== name) throw invalid([{ pointer: '/name', detail: `must be "${name}", as in the path, or left out` }]);
      return this.insert(write, spec);
    });
  }

  async patch(reference: string, body: JsonObject, context: RequestContext): Promise<Answer> {
    const pinned = await storeInlineModule(body, this.artifacts, context);
    return this.writer.run(context, body, async (write) => {
      const current = await findPlugin(write.tx, reference);
      if (current === undefined) throw notFound();
      checkPreconditions(context, etagOf(current));
      return this.update(write, current, readPatch(pinned, { schema: PluginSpec, readOnly: pluginReadOnly, current }));
    });
  }

  remove(reference: string, context: RequestContext): Promise<Answer> {
    return this.writer.run(context, undefined, async (write) => {
      const current = await findPlugin(write.tx, reference);
      if (current === undefined) throw notFound();
      checkPreconditions(context, etagOf(current));
      await this.delete(write, current);
      return new Answer(204, undefined);
    });
  }

  /** Makes a plugin in a write that is under way. Throws `client.invalid` or `client.conflict` before anything is written. */
  async insert(write: Write, spec: PluginSpec): Promise<Answer<Plugin>> {
    return onlyResult(await putPlugins(write, [{ current: undefined, spec }]));
  }

  /** Changes a plugin in a write that is under way; throws as `insert` does. A write that changes nothing makes no version. */
  async update(write: Write, current: Plugin, spec: PluginSpec): Promise<Answer<Plugin>> {
    return onlyResult(await putPlugins(write, [{ current, spec }]));
  }

  /** Deletes a plugin in a write that is under way. Throws `client.conflict` while routes or the settings use it. */
  async delete(write: Write, current: Plugin): Promise<void> {
    await refuseWhenUsed(write, current);
    await write.tx.plugin.delete({ where: { id: current.id } });
    write.record({ action: 'delete', entityKind: 'plugin', entityId: current.id, entityName: current.name, before: current });
  }
}

async function refuseWhenUsed(write: Write, plugin: Plugin): Promise<void> {
  const users = await pluginUsers(write.tx, plugin);
  if (users !== undefined) throw new AppError('client.conflict', { detail: `the plugin is used by ${users}` });
}

function contains(column: 'name' | 'description', text: string) {
  return { [column]: { contains: text.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const } };
}

function notFound(): AppError {
  return new AppError('client.not_found', { detail: 'there is no plugin with this name or id' });
}
