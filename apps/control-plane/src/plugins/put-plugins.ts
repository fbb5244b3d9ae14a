import { canonicalJson } from '@torii/config-sync';
import { AppError, defaultWorkspace, idPrefixes, type Plugin, PluginId, type PluginSpec, Sha256 } from '@torii/contracts';
import { v7 } from 'uuid';
import { Answer } from '../http/answer.js';
import { etagOf } from '../http/etag.js';
import type { Transaction } from '../prisma/prisma.service.js';
import type { Write } from '../writes/config-writer.service.js';
import { type Put, type PutResult, TakenNames } from '../writes/put.js';
import { pluginSpecOf } from './plugin.mapper.js';
import { pluginUsers } from './plugin-users.js';
import { type ResolvedPlugin, resolveModules } from './resolve-source.js';

export type PluginPut = Put<Plugin, PluginSpec>;

/** A plugin that is new, or another than it was. */
interface Changed {
  readonly current: Plugin | undefined;
  readonly id: string;
  readonly version: number;
  readonly resolved: ResolvedPlugin;
}

/**
 * Makes and changes plugins in a write that is under way, each of them once, with a number of statements that does not grow
 * with theirs. For each in its place what it has come to, or why it is refused (`client.invalid`, `client.conflict`): then
 * nothing of it is written, and the others are.
 *
 * What changes something makes a new version; what changes nothing makes none, and no revision.
 */
export async function putPlugins(write: Write, puts: readonly PluginPut[]): Promise<PutResult<Plugin>[]> {
  const names = await namesTaken(write, puts);
  const resolved = await resolveModules(
    write.tx,
    puts.map(({ spec }) => spec),
  );
  const changes: Changed[] = [];
  const unchanged: { readonly plugin: Plugin; readonly resolved: ResolvedPlugin }[] = [];
  const judged: (Changed | PutResult<Plugin>)[] = [];
  for (const [index, { current, spec }] of puts.entries()) {
    const module = resolved[index];
    if (module === undefined || module instanceof AppError) judged.push(module ?? new AppError('client.invalid'));
    else if (current !== undefined && isSame(current, module)) {
      unchanged.push({ plugin: current, resolved: module });
      judged.push(new Answer(200, current, { etag: etagOf(current) }));
    } else {
      const refusal = names.refusal(spec.name, current) ?? (await refuseOtherKind(write.tx, current, spec));
      const change = refusal ?? changeOf(current, module);
      judged.push(change);
      if (!(change instanceof AppError)) {
        names.take(spec.name);
        changes.push(change);
      }
    }
  }
  await keepOrigins(write, unchanged);
  await writePlugins(write, changes);
  await addVersions(write, changes);
  return judged.map((one) => (one instanceof Answer || one instanceof AppError ? one : recorded(write, one)));
}

function namesTaken({ tx }: Write, puts: readonly PluginPut[]): Promise<TakenNames> {
  return TakenNames.load('plugin', puts, (wanted) =>
    tx.plugin.findMany({ where: { workspace: defaultWorkspace, name: { in: wanted } }, select: { id: true, name: true } }),
  );
}

function isSame(current: Plugin, { answered, resolvedSha256 }: ResolvedPlugin): boolean {
  return canonicalJson(answered) === canonicalJson(pluginSpecOf(current)) && resolvedSha256 === current.resolvedSha256;
}

/** Why the plugin cannot be of another kind: routes and settings that follow its newest version would have it where that cannot stand. */
export async function refuseOtherKind(tx: Transaction, current: Plugin | undefined, spec: PluginSpec): Promise<AppError | undefined> {
  const users = current === undefined || spec.kind === current.kind ? undefined : await pluginUsers(tx, current);
  if (current === undefined || users === undefined) return undefined;
  const detail = `is ${current.kind}, and the plugin is used by ${users}: make another plugin, or take it off there first`;
  return new AppError('client.conflict', { detail: 'the kind of a plugin in use does not change', issues: [{ pointer: '/kind', detail }] });
}

function changeOf(current: Plugin | undefined, resolved: ResolvedPlugin): Changed {
  return { current, id: current?.id ?? `${idPrefixes.plugin}_${v7()}`, version: (current?.version ?? 0) + 1, resolved };
}

/** The same module may come to be another version of its function: that is no change of the plugin, but counts as use. */
async function keepOrigins({ tx }: Write, plugins: readonly { readonly plugin: Plugin; readonly resolved: ResolvedPlugin }[]): Promise<void> {
  const built = plugins.filter(({ resolved }) => resolved.origin.functionId !== null);
  if (built.length === 0) return;
  const rows = built.map(({ plugin: { id, version }, resolved: { origin } }) => ({ id, version, ...origin }));
  await tx.$executeRaw`
    UPDATE plugin_versions v SET function_id = origin."functionId", follows = origin.follows, function_version = origin."functionVersion"
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS origin (id text, version int, "functionId" text, follows text, "functionVersion" text)
    WHERE v.plugin_id = origin.id AND v.version = origin.version
      AND (v.function_id, v.follows, v.function_version) IS DISTINCT FROM (origin."functionId", origin.follows, origin."functionVersion")`;
}

/** As JSON: through the client of the database hundreds of rows take ten times as long. */
async function writePlugins({ tx, now }: Write, changes: readonly Changed[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ id, version, resolved: { spec } }) => {
    const { name, description, tags } = spec;
    return { id, name, description, tags, version };
  });
  await tx.$executeRaw`
    INSERT INTO plugins (id, workspace, name, description, tags, version, created_at, updated_at)
    SELECT id, ${defaultWorkspace}, name, description, ARRAY(SELECT jsonb_array_elements_text(tags)), version,
      ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS row (id text, name text, description text, tags jsonb, version int)
    ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, description = EXCLUDED.description, tags = EXCLUDED.tags, version = EXCLUDED.version,
      updated_at = EXCLUDED.updated_at`;
}

async function addVersions({ tx, now }: Write, changes: readonly Changed[]): Promise<void> {
  if (changes.length === 0) return;
  const rows = changes.map(({ id, version, resolved: { spec, resolvedSha256, origin } }) => ({ id, version, spec, resolvedSha256, ...origin }));
  await tx.$executeRaw`
    INSERT INTO plugin_versions (plugin_id, version, workspace, spec, resolved_sha256, function_id, follows, function_version, created_at)
    SELECT id, version, ${defaultWorkspace}, spec, "resolvedSha256", "functionId", follows, "functionVersion", ${now.toISOString()}::timestamptz
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      AS row (id text, version int, spec jsonb, "resolvedSha256" text, "functionId" text, follows text, "functionVersion" text)`;
}

function recorded(write: Write, { current, id, version, resolved: { answered, resolvedSha256 } }: Changed): Answer<Plugin> {
  const writtenAt = write.now.toISOString();
  const own = { id: PluginId.parse(id), version, resolvedSha256: Sha256.parse(resolvedSha256) };
  const plugin: Plugin = { ...answered, ...own, createdAt: current?.createdAt ?? writtenAt, updatedAt: writtenAt };
  const entity = { entityKind: 'plugin', entityId: id, entityName: plugin.name } as const;
  const etag = etagOf(plugin);
  if (current !== undefined) {
    write.record({ action: 'update', ...entity, before: current, after: plugin });
    return new Answer(200, plugin, { etag });
  }
  write.record({ action: 'create', ...entity, after: plugin });
  return new Answer(201, plugin, { etag, location: `/api/v1/plugins/${id}` });
}
