import { Build, BuildOutcome, Follower } from '@torii/contracts';
import { z } from 'zod';

export interface BuildRow {
  readonly id: string;
  readonly functionId: string;
  readonly function: { readonly name: string };
  readonly version: string;
  readonly language: string;
  readonly sourceSha256: string;
  readonly status: string;
  readonly stage: string;
  readonly outcome: unknown;
  readonly followers: unknown;
  readonly attempts: number;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

/** Everything of a row that an answer needs, and not its log, which may be long. */
export const buildColumns = {
  omit: { log: true, job: true },
  include: { function: { select: { name: true } } },
} as const;

const Followers = z.array(Follower);

export function toBuild(row: BuildRow): Build {
  const outcome = row.outcome === null ? undefined : BuildOutcome.parse(row.outcome);
  const succeeded = outcome?.status === 'succeeded' ? outcome : undefined;
  const failed = outcome?.status === 'failed' ? outcome : undefined;
  return Build.parse({
    id: row.id,
    functionId: row.functionId,
    function: row.function.name,
    version: row.version,
    language: row.language,
    sourceSha256: row.sourceSha256,
    status: row.status,
    stage: row.stage,
    cached: succeeded?.cached ?? false,
    attempts: row.attempts,
    sha256: succeeded?.sha256 ?? null,
    error: failed?.error ?? null,
    warnings: outcome?.warnings ?? [],
    smoke: succeeded?.smoke ?? null,
    toolchain: succeeded?.toolchain ?? failed?.toolchain ?? null,
    timings: outcome?.timings ?? {},
    followers: row.followers === null ? [] : Followers.parse(row.followers),
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  });
}
