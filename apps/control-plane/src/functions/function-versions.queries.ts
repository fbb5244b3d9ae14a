import { FunctionVersion } from '@torii/contracts';
import { z } from 'zod';
import { toArtifact } from '../artifacts/artifact.mapper.js';
import { Prisma } from '../prisma/generated/client.js';
import type { Transaction } from '../prisma/prisma.service.js';
import type { NewestVersions } from './function.mapper.js';

export const nothingBuilt: NewestVersions = { latestVersion: null, devBuiltAt: null };

/** With each version its module, without the bytes. */
const withArtifact = { artifact: { select: { sha256: true, size: true, description: true } } } as const;

/** Sorts versions by their numbers, `dev` above all releases; every number is below the largest int4. */
const rank = Prisma.sql`CASE WHEN version = 'dev' THEN ARRAY[2147483647] ELSE string_to_array(version, '.')::int[] END`;

const NewestRows = z.array(z.object({ function_id: z.string(), version: z.string(), created_at: z.date() }));
const VersionRows = z.array(z.object({ version: z.string() }));
const HashRows = z.array(z.object({ functionId: z.string(), version: z.string(), sha256: z.string() }));
const UserRows = z.array(z.object({ id: z.string(), name: z.string() }));

/** The highest release and the `dev` version of each function that has any. */
export async function newestVersions(tx: Transaction, functionIds: readonly string[]): Promise<Map<string, NewestVersions>> {
  const rows = await tx.$queryRaw`
    SELECT DISTINCT ON (function_id, version = 'dev') function_id, version, created_at
    FROM function_versions WHERE function_id = ANY(${[...functionIds]})
    ORDER BY function_id, version = 'dev', ${rank} DESC`;
  const newest = new Map<string, NewestVersions>();
  for (const row of NewestRows.parse(rows)) {
    const known = newest.get(row.function_id) ?? nothingBuilt;
    const added = row.version === 'dev' ? { devBuiltAt: row.created_at } : { latestVersion: row.version };
    newest.set(row.function_id, { ...known, ...added });
  }
  return newest;
}

/** The version with that name; `latest` is the highest release. */
export async function findVersion(tx: Transaction, functionId: string, version: string): Promise<FunctionVersion | undefined> {
  const name = version === 'latest' ? (await newestVersions(tx, [functionId])).get(functionId)?.latestVersion : version;
  if (name === undefined || name === null) return undefined;
  const row = await tx.functionVersion.findUnique({ where: { functionId_version: { functionId, version: name } }, include: withArtifact });
  return row === null ? undefined : toFunctionVersion(row);
}

/** Why a release cannot be made: it is there, or was there before it was deleted. Undefined when it can. */
export async function knownRelease(tx: Transaction, functionId: string, version: string): Promise<string | undefined> {
  const where = { functionId, version };
  if ((await tx.functionVersion.count({ where })) > 0) {
    return `there is a version ${version} already, and releases never change: take the next number`;
  }
  if ((await tx.functionUsedRelease.count({ where })) > 0) {
    return `version ${version} was there and is deleted, and releases never change: take the next number`;
  }
  return undefined;
}

/** The modules of the versions that are there, by function id and version with a space between. */
export async function findVersionHashes(
  tx: Transaction,
  versions: readonly { readonly functionId: string; readonly version: string }[],
): Promise<Map<string, string>> {
  const rows = await tx.$queryRaw`
    SELECT v.function_id AS "functionId", v.version, v.sha256
    FROM function_versions v
    JOIN unnest(${versions.map(({ functionId }) => functionId)}::text[], ${versions.map(({ version }) => version)}::text[]) AS wanted (id, version)
      ON v.function_id = wanted.id AND v.version = wanted.version`;
  return new Map(HashRows.parse(rows).map(({ functionId, version, sha256 }) => [`${functionId} ${version}`, sha256]));
}

/** Versions below `below`, highest first: `dev`, then releases by their numbers. */
export async function versionsPage(
  tx: Transaction,
  functionId: string,
  page: { readonly limit: number; readonly below: string | undefined },
): Promise<FunctionVersion[]> {
  const below = page.below === undefined ? Prisma.empty : Prisma.sql`AND ${rank} < ${rankOf(page.below)}::int[]`;
  const rows = await tx.$queryRaw`
    SELECT version FROM function_versions WHERE function_id = ${functionId} ${below} ORDER BY ${rank} DESC LIMIT ${page.limit}`;
  const names = VersionRows.parse(rows).map(({ version }) => version);
  const found = await tx.functionVersion.findMany({ where: { functionId, version: { in: names } }, include: withArtifact });
  const byName = new Map(found.map((row) => [row.version, toFunctionVersion(row)]));
  return names.flatMap((name) => byName.get(name) ?? []);
}

/** The plugins that run a function, or one version of it: as they are now, or pinned by a route. */
export async function usersOf(tx: Transaction, functionId: string, version?: string): Promise<{ id: string; name: string }[]> {
  const ofVersion = version === undefined ? Prisma.empty : Prisma.sql`AND v.function_version = ${version}`;
  const rows = await tx.$queryRaw`
    SELECT DISTINCT p.id, p.name FROM plugin_versions v JOIN plugins p ON p.id = v.plugin_id
    WHERE v.function_id = ${functionId} ${ofVersion} AND (v.version = p.version OR EXISTS (
      SELECT 1 FROM route_plugins link JOIN routes r ON r.id = link.route_id
      WHERE link.plugin_id = p.id AND (
        r.spec->'target'->>'version' = v.version::text
        OR EXISTS (SELECT 1 FROM jsonb_array_elements(r.spec->'plugins') slot WHERE slot->>'version' = v.version::text))))
    ORDER BY p.name`;
  return UserRows.parse(rows);
}

/** The plugins whose current version is what `follows` says: `latest`, or `dev`. */
export async function followersOf(tx: Transaction, functionId: string, follows: 'latest' | 'dev'): Promise<{ id: string; name: string }[]> {
  const rows = await tx.$queryRaw`
    SELECT p.id, p.name FROM plugins p JOIN plugin_versions v ON v.plugin_id = p.id AND v.version = p.version
    WHERE v.function_id = ${functionId} AND v.follows = ${follows} ORDER BY p.name`;
  return UserRows.parse(rows);
}

function rankOf(version: string): number[] {
  return version === 'dev' ? [2_147_483_647] : version.split('.').map(Number);
}

type VersionRow = Prisma.FunctionVersionGetPayload<{ include: typeof withArtifact }>;

function toFunctionVersion(row: VersionRow): FunctionVersion {
  const { size, imports, exports } = toArtifact(row.artifact);
  return FunctionVersion.parse({
    functionId: row.functionId,
    version: row.version,
    sha256: row.sha256,
    size,
    imports,
    exports,
    language: row.language,
    toolchain: row.toolchain,
    sourceSha256: row.sourceSha256,
    buildId: row.buildId,
    createdAt: row.createdAt.toISOString(),
  });
}
