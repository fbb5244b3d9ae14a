import { Injectable } from '@nestjs/common';
import { canonicalJson } from '@torii/config-sync';
import { AppError, defaultWorkspace, idPrefixes, type List, type Plugin, PluginSpec } from '@torii/contracts';
import { v7 } from 'uuid';
import { z } from 'zod';
import { ArtifactsService } from '../artifacts/artifacts.service.js';
import { Answer } from '../http/answer.js';
import { decodeCursor, pageOf } from '../http/cursor.js';
import { checkPreconditions, etagOf, isNotModified } from '../http/etag.js';
import { invalid } from '../http/invalid.js';
import type { JsonObject } from '../http/merge-patch.js';
import type { ListQuery, PageQuery } from '../http/query.js';
import type { RequestContext } from '../http/request-context.js';
import type { Prisma } from '../prisma/generated/client.js';
import { PrismaService } from '../prisma/prisma.service.js';
import { ConfigWriter, type Write } from '../writes/config-writer.service.js';
import { nameToCreate, readEntity, readPatch } from '../writes/entity-input.js';
import { pluginReadOnly, pluginSpecOf, toPlugin, withFunctionName } from './plugin.mapper.js';
import { findPlugin, findPluginRow, findPluginVersion, pluginsOf } from './plugins.queries.js';
import { type ResolvedPlugin, resolveModule, storeInlineModule } from './resolve-source.js';

const NamePosition = z.strictObject({ name: z.string() });
const VersionPosition = z.strictObject({ version: z.int32() });
/** How many routes a refusal names. */
const namedRoutesMax = 20;

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
    const resolved = await resolveModule(write.tx, spec);
    await refuseTakenName(write, spec.name);
    const id = `${idPrefixes.plugin}_${v7()}`;
    const row = { id, workspace: defaultWorkspace, createdAt: write.now };
    const columns = { name: spec.name, description: spec.description, tags: spec.tags, version: 1, updatedAt: write.now };
    await write.tx.plugin.create({ data: { ...row, ...columns } });
    const plugin = await this.addVersion(write, row, 1, resolved);
    write.record({ action: 'create', entityKind: 'plugin', entityId: id, entityName: spec.name, after: plugin });
    return new Answer(201, plugin, { etag: etagOf(plugin), location: `/api/v1/plugins/${id}` });
  }

  /** Changes a plugin in a write that is under way; throws as `insert` does. A write that changes nothing makes no version. */
  async update(write: Write, current: Plugin, spec: PluginSpec): Promise<Answer<Plugin>> {
    const resolved = await resolveModule(write.tx, spec);
    if (canonicalJson(resolved.answered) === canonicalJson(pluginSpecOf(current)) && resolved.resolvedSha256 === current.resolvedSha256) {
      await this.keepOrigin(write, current, resolved);
      return new Answer(200, current, { etag: etagOf(current) });
    }
    if (spec.name !== current.name) await refuseTakenName(write, spec.name);
    if (spec.kind !== current.kind) await refuseOtherKind(write, current);
    const version = current.version + 1;
    const columns = { name: spec.name, description: spec.description, tags: spec.tags, version, updatedAt: write.now };
    await write.tx.plugin.update({ where: { id: current.id }, data: columns });
    const plugin = await this.addVersion(write, { id: current.id, createdAt: new Date(current.createdAt) }, version, resolved);
    write.record({ action: 'update', entityKind: 'plugin', entityId: plugin.id, entityName: plugin.name, before: current, after: plugin });
    return new Answer(200, plugin, { etag: etagOf(plugin) });
  }

  /** Deletes a plugin in a write that is under way. Throws `client.conflict` while routes or the settings use it. */
  async delete(write: Write, current: Plugin): Promise<void> {
    await refuseWhenUsed(write, current);
    await write.tx.plugin.delete({ where: { id: current.id } });
    write.record({ action: 'delete', entityKind: 'plugin', entityId: current.id, entityName: current.name, before: current });
  }

  /** The same module may come to be another version of its function: that is no change of the plugin, but counts as use. */
  private async keepOrigin(write: Write, { id, version }: Plugin, { origin }: ResolvedPlugin): Promise<void> {
    if (origin.functionId === null) return;
    await write.tx.pluginVersion.update({ where: { pluginId_version: { pluginId: id, version } }, data: origin });
  }

  private async addVersion(
    write: Write,
    row: { readonly id: string; readonly createdAt: Date },
    version: number,
    { spec, resolvedSha256, origin }: ResolvedPlugin,
  ): Promise<Plugin> {
    const added = await write.tx.pluginVersion.create({
      data: {
        pluginId: row.id,
        version,
        workspace: defaultWorkspace,
        spec: spec as Prisma.InputJsonObject,
        resolvedSha256,
        ...origin,
        createdAt: write.now,
      },
      include: withFunctionName,
    });
    return toPlugin(row, added);
  }
}

async function refuseTakenName(write: Write, name: string): Promise<void> {
  const taken = await write.tx.plugin.count({ where: { workspace: defaultWorkspace, name } });
  if (taken > 0)
    throw new AppError('client.conflict', { detail: 'the name is taken', issues: [{ pointer: '/name', detail: 'is taken by another plugin' }] });
}

async function refuseWhenUsed(write: Write, plugin: Plugin): Promise<void> {
  const users = await usersOf(write, plugin);
  if (users !== undefined) throw new AppError('client.conflict', { detail: `the plugin is used by ${users}` });
}

/** Routes and settings that follow the newest version would have a plugin where its kind cannot stand. */
async function refuseOtherKind(write: Write, plugin: Plugin): Promise<void> {
  const users = await usersOf(write, plugin);
  if (users === undefined) return;
  const detail = `is ${plugin.kind}, and the plugin is used by ${users}: make another plugin, or take it off there first`;
  throw new AppError('client.conflict', { detail: 'the kind of a plugin in use does not change', issues: [{ pointer: '/kind', detail }] });
}

/** The routes that use a plugin, and the settings if they do, in words; undefined when none does. */
async function usersOf({ tx }: Write, { id: pluginId }: Plugin): Promise<string | undefined> {
  const routes = await tx.routePlugin.findMany({ where: { pluginId }, select: { route: { select: { name: true } } } });
  const isInSettings = (await tx.settingsPlugin.count({ where: { pluginId } })) > 0;
  const names = routes.map(({ route }) => route.name).sort();
  const more = names.length > namedRoutesMax ? ` and ${names.length - namedRoutesMax} more` : '';
  const users = [
    ...(isInSettings ? ['the settings'] : []),
    ...(names.length === 0 ? [] : [`the routes ${names.slice(0, namedRoutesMax).join(', ')}${more}`]),
  ];
  return users.length === 0 ? undefined : users.join(' and ');
}

function contains(column: 'name' | 'description', text: string) {
  return { [column]: { contains: text.replace(/[\\%_]/g, '\\$&'), mode: 'insensitive' as const } };
}

function notFound(): AppError {
  return new AppError('client.not_found', { detail: 'there is no plugin with this name or id' });
}
