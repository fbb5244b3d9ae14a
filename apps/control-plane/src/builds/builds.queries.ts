import { BuildId, BuildJob, type BuildStatus, type FunctionEntity, FunctionId, LanguageName } from '@torii/contracts';
import { z } from 'zod';
import { findFunction, findFunctionRow } from '../functions/functions.queries.js';
import type { Transaction } from '../prisma/prisma.service.js';

export const unfinished: readonly BuildStatus[] = ['queued', 'running'];
const finished: readonly BuildStatus[] = ['succeeded', 'failed', 'cancelled'];

export function isFinished(status: string): boolean {
  return finished.some((one) => one === status);
}

const Ids = z.array(z.object({ id: z.string() }));

/** The function, which stays as it is until the transaction ends: builds of it are asked for one by one. */
export async function lockToBuild(tx: Transaction, reference: string): Promise<FunctionEntity | undefined> {
  const row = await findFunctionRow(tx, reference);
  if (row === undefined) return undefined;
  await tx.$queryRaw`SELECT 1 AS locked FROM functions WHERE id = ${row.id} FOR NO KEY UPDATE`;
  return findFunction(tx, row.id);
}

/** The build when it is not over; then nobody else ends it, nor puts it into the queue, until the transaction ends. */
export async function lockUnfinished(tx: Transaction, buildId: string) {
  const rows = await tx.$queryRaw`SELECT id FROM builds WHERE id = ${buildId} AND status IN ('queued', 'running') FOR UPDATE`;
  if (Ids.parse(rows).length === 0) return undefined;
  return (await tx.build.findUnique({ where: { id: buildId } })) ?? undefined;
}

/** The job of the build of a function whose turn it is, locked; undefined when there is none, or another has just ended it. */
export async function lockHead(tx: Transaction, functionId: string): Promise<BuildJob | undefined> {
  const rows = await tx.$queryRaw`
    SELECT job FROM builds WHERE function_id = ${functionId} AND status IN ('queued', 'running')
    ORDER BY created_at, id LIMIT 1 FOR UPDATE`;
  return z.array(z.object({ job: BuildJob })).parse(rows)[0]?.job;
}

const Heads = z.array(z.object({ id: BuildId, functionId: FunctionId, language: LanguageName }));
export type Head = z.infer<typeof Heads>[number];

/** For each function after `after` with builds that are not over, the one whose turn it is. */
export async function headsAfter(tx: Transaction, after: string, limit: number): Promise<Head[]> {
  const rows = await tx.$queryRaw`
    SELECT DISTINCT ON (function_id) id, function_id AS "functionId", language FROM builds
    WHERE status IN ('queued', 'running') AND function_id > ${after}
    ORDER BY function_id, created_at, id LIMIT ${limit}`;
  return Heads.parse(rows);
}

const Sources = z.array(z.object({ source: z.string() }));

/** Deletes all but the newest finished builds of a function, and those that its versions came from. Answers their sources. */
export async function pruneBuilds(tx: Transaction, functionId: string, kept: number): Promise<string[]> {
  const rows = await tx.$queryRaw`
    DELETE FROM builds WHERE id IN (
      SELECT id FROM builds WHERE function_id = ${functionId} AND status NOT IN ('queued', 'running')
      ORDER BY created_at DESC, id DESC OFFSET ${kept}
    ) AND id NOT IN (SELECT build_id FROM function_versions WHERE function_id = ${functionId})
    RETURNING source_sha256 AS source`;
  return [...new Set(Sources.parse(rows).map(({ source }) => source))];
}
