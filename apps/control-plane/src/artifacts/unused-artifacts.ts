import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '@torii/service-kit';
import { z } from 'zod';
import { AuditService } from '../audit/audit.service.js';
import { CLOCK } from '../platform/tokens.js';
import { Prisma } from '../prisma/generated/client.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';
import { RevisionsService } from '../snapshots/revisions.service.js';

/** Artifacts looked at, or deleted, in one statement: writes wait for a batch at most. */
const batchSize = 100;

const Rows = z.array(z.object({ sha256: z.string(), size: z.int() }));

/** What keeps an artifact. The build cache does not: what it names may be gone, and then the source is built again. */
const isReferredTo = Prisma.sql`(
  EXISTS (SELECT 1 FROM plugin_versions p WHERE p.resolved_sha256 = a.sha256)
  OR EXISTS (SELECT 1 FROM function_versions v WHERE v.sha256 = a.sha256))`;

/** Which of the artifacts are there; they stay, for as long as unused ones are kept, for the caller to refer to them. */
export async function takeIntoUse(tx: Transaction, hashes: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await tx.$queryRaw`UPDATE artifacts SET unused_since = NULL WHERE sha256 = ANY(${[...hashes]}) RETURNING sha256, size`;
  return new Set(Rows.parse(rows).map(({ sha256 }) => sha256));
}

/** Deletes artifacts that nothing has referred to for a while: whoever uploads one has that long to refer to it. */
@Injectable()
export class UnusedArtifacts {
  constructor(
    private readonly prisma: PrismaService,
    private readonly revisions: RevisionsService,
    private readonly audit: AuditService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Notes which artifacts are unused, and deletes those that have been noted `keptMs` ago or earlier; their bytes are the
   * business of `ObjectUpkeep`. Answers how many.
   */
  async collect(keptMs: number, signal: AbortSignal): Promise<number> {
    const now = this.clock.date();
    await this.inBatches(signal, () => this.clearUsed());
    await this.inBatches(signal, () => this.noteUnused(now));
    return this.inBatches(signal, () => this.deleteBatch(now, new Date(now.getTime() - keptMs)));
  }

  private clearUsed(): Promise<number> {
    return this.prisma.$executeRaw`
      UPDATE artifacts SET unused_since = NULL WHERE sha256 IN (
        SELECT sha256 FROM artifacts a WHERE unused_since IS NOT NULL AND ${isReferredTo} LIMIT ${batchSize})`;
  }

  private noteUnused(now: Date): Promise<number> {
    return this.prisma.$executeRaw`
      UPDATE artifacts SET unused_since = ${now.toISOString()}::timestamptz WHERE sha256 IN (
        SELECT sha256 FROM artifacts a WHERE unused_since IS NULL AND NOT ${isReferredTo} LIMIT ${batchSize})`;
  }

  private deleteBatch(now: Date, cutoff: Date): Promise<number> {
    return this.prisma.$transaction(async (tx) => {
      const candidates = await unusedSince(tx, cutoff);
      if (candidates.length === 0) return 0;
      await this.revisions.lock(tx); // as whoever refers to an artifact does
      // Asked again, row by row as they are now: one that was uploaded again in between stays.
      const rows = await tx.$queryRaw`
        DELETE FROM artifacts a WHERE sha256 = ANY(${candidates}) AND unused_since <= ${cutoff.toISOString()}::timestamptz AND NOT ${isReferredTo}
        RETURNING sha256, size`;
      const deleted = Rows.parse(rows);
      for (const artifact of deleted) await this.record(tx, artifact, now);
      return deleted.length;
    });
  }

  private record(tx: Transaction, artifact: { readonly sha256: string; readonly size: number }, at: Date): Promise<void> {
    const { sha256 } = artifact;
    const entity = { entityKind: 'artifact', entityId: sha256, entityName: sha256 } as const;
    return this.audit.record(tx, { at, actor: 'control-plane', requestId: 'upkeep', action: 'delete', ...entity, before: artifact });
  }

  /** Until a batch is not full. Answers how many rows there were in all. */
  private async inBatches(signal: AbortSignal, batch: () => Promise<number>): Promise<number> {
    let total = 0;
    while (!signal.aborted) {
      const count = await batch();
      total += count;
      if (count < batchSize) break;
    }
    return total;
  }
}

async function unusedSince(tx: Transaction, cutoff: Date): Promise<string[]> {
  const rows = await tx.artifact.findMany({ where: { unusedSince: { lte: cutoff } }, select: { sha256: true }, take: batchSize });
  return rows.map(({ sha256 }) => sha256);
}
