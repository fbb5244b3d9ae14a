import { FunctionEntity, FunctionSpec } from '@torii/contracts';

export interface FunctionRow {
  readonly id: string;
  readonly spec: unknown;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly source: { readonly sha256: string; readonly files: number; readonly bytes: number };
}

/** What builds have made of a function. */
export interface NewestVersions {
  /** The highest release; null before the first. */
  readonly latestVersion: string | null;
  readonly devBuiltAt: Date | null;
}

/** A function as the API answers it. */
export function toFunction(row: FunctionRow, newest: NewestVersions): FunctionEntity {
  const { sha256, files, bytes } = row.source;
  return FunctionEntity.parse({
    ...FunctionSpec.parse(row.spec),
    id: row.id,
    source: { sha256, files, bytes },
    latestVersion: newest.latestVersion,
    devBuiltAt: newest.devBuiltAt?.toISOString() ?? null,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  });
}

/** Fields that builds set: they may have changed since a caller read them, and are ignored in what is written. */
export const setByBuilds = ['latestVersion', 'devBuiltAt'] as const;

/** Fields of a function that its writes set. */
export const functionReadOnly = ['id', 'source', 'createdAt', 'updatedAt', ...setByBuilds] as const;

/** What an admin wrote of a function. */
export function functionSpecOf(entity: FunctionEntity): FunctionSpec {
  const { id: _id, source: _source, latestVersion: _latest, devBuiltAt: _dev, createdAt: _createdAt, updatedAt: _updatedAt, ...spec } = entity;
  return spec;
}
