import { AppError, defaultWorkspace, type FunctionEntity, isIdOf } from '@torii/contracts';
import type { Transaction } from '../prisma/prisma.service.js';
import { toFunction } from './function.mapper.js';
import { newestVersions, nothingBuilt } from './function-versions.queries.js';

/** With each function what is told of its sources: not the files themselves. */
export const withSource = { source: { select: { sha256: true, files: true, bytes: true } } } as const;

/** How many names a mistyped one is compared with. */
const comparedNamesMax = 1_000;

/** The function with that id or name. */
export async function findFunction(tx: Transaction, reference: string): Promise<FunctionEntity | undefined> {
  const row = await tx.function.findUnique({ where: whereOf(reference), include: withSource });
  if (row === null) return undefined;
  const newest = await newestVersions(tx, [row.id]);
  return toFunction(row, newest.get(row.id) ?? nothingBuilt);
}

/** Only what identifies the function, and which sources it has. */
export async function findFunctionRow(tx: Transaction, reference: string) {
  const select = { id: true, name: true, language: true, sourceSha256: true } as const;
  return (await tx.function.findUnique({ where: whereOf(reference), select })) ?? undefined;
}

/** The same of those that are there, by the name or id they are asked for with. */
export async function findFunctionRows(tx: Transaction, references: readonly string[]) {
  const wanted = [...references];
  const rows = await tx.function.findMany({
    where: { workspace: defaultWorkspace, OR: [{ id: { in: wanted } }, { name: { in: wanted } }] },
    select: { id: true, name: true },
  });
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byName = new Map(rows.map((row) => [row.name, row]));
  const found = references.map((reference) => [reference, isIdOf('function', reference) ? byId.get(reference) : byName.get(reference)] as const);
  return new Map(found.flatMap(([reference, row]) => (row === undefined ? [] : [[reference, row] as const])));
}

export async function functionNamesIn(tx: Transaction): Promise<string[]> {
  const rows = await tx.function.findMany({ where: { workspace: defaultWorkspace }, select: { name: true }, take: comparedNamesMax });
  return rows.map(({ name }) => name);
}

function whereOf(reference: string) {
  return isIdOf('function', reference) ? { id: reference } : { workspace_name: { workspace: defaultWorkspace, name: reference } };
}

export function functionNotFound(): AppError {
  return new AppError('client.not_found', { detail: 'there is no function with this name or id' });
}
