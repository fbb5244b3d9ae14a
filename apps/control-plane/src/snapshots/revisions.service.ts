import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { defaultWorkspace } from '@torii/contracts';
import { z } from 'zod';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';

export interface ConfigPosition {
  /** One life of the database. */
  readonly incarnation: string;
  readonly revision: number;
}

const LockedRows = z.tuple([z.object({ incarnation: z.uuid(), revision: z.bigint().transform(Number) })]);

export interface RevisionEntry {
  readonly at: Date;
  readonly actor: string;
  readonly summary: string;
}

/** Numbers the configurations. Every change makes a revision in its own transaction, without gaps, in commit order. */
@Injectable()
export class RevisionsService {
  private lastSeenRevision: number | undefined;

  constructor(private readonly prisma: PrismaService) {}

  /** The newest revision this process knows of, at most about a second old; undefined before the first. */
  get lastSeen(): number | undefined {
    return this.lastSeenRevision;
  }

  /** Begins the life of a new database; of several processes that boot at once one does. */
  async ensureState(): Promise<void> {
    await this.prisma.configState.createMany({ data: { workspace: defaultWorkspace, incarnation: randomUUID() }, skipDuplicates: true });
  }

  async current(tx: Transaction = this.prisma): Promise<ConfigPosition> {
    const state = await tx.configState.findUniqueOrThrow({ where: { workspace: defaultWorkspace } });
    return this.seen({ incarnation: state.incarnation, revision: Number(state.revision) });
  }

  /** Waits for the writes before; the row stays locked until the transaction ends, so that writes come one by one. */
  async lock(tx: Transaction): Promise<ConfigPosition> {
    const rows = await tx.$queryRaw`SELECT incarnation, revision FROM config_state WHERE workspace = ${defaultWorkspace} FOR UPDATE`;
    const [state] = LockedRows.parse(rows);
    return state;
  }

  /** Makes the revisions that follow `after`, which `lock` has answered: one for each entry. Answers the last. */
  async add(tx: Transaction, after: number, entries: readonly RevisionEntry[]): Promise<number> {
    const last = after + entries.length;
    await tx.configState.update({ where: { workspace: defaultWorkspace }, data: { revision: BigInt(last) } });
    const rows = entries.map((entry, index) => ({ revision: after + 1 + index, ...entry }));
    await tx.$executeRaw`
      INSERT INTO revisions (workspace, revision, at, actor, summary)
      SELECT ${defaultWorkspace}, revision, at, actor, summary
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS row (revision bigint, at timestamptz, actor text, summary text)`;
    return last;
  }

  /**
   * Makes a revision above `published`, when the database is not there yet: it was restored from a backup while Redis
   * and the nodes went on, and a number must never mean two configurations.
   */
  async raiseAbove(published: number, entry: RevisionEntry): Promise<void> {
    await this.prisma.$transaction(async (tx) => {
      const { revision } = await this.lock(tx);
      if (revision > published) return;
      await this.add(tx, published, [entry]);
    });
  }

  committed(revision: number): void {
    this.lastSeenRevision = Math.max(this.lastSeenRevision ?? 0, revision);
  }

  private seen(position: ConfigPosition): ConfigPosition {
    this.lastSeenRevision = position.revision;
    return position;
  }
}
