import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@torii/contracts';
import type { Clock } from '@torii/service-kit';
import { type AuditEntry, AuditService } from '../audit/audit.service.js';
import { Answer } from '../http/answer.js';
import type { RequestContext } from '../http/request-context.js';
import { BoundedGate } from '../platform/bounded-gate.js';
import { CLOCK } from '../platform/tokens.js';
import { PrismaService, type Transaction } from '../prisma/prisma.service.js';
import { PublisherService } from '../snapshots/publisher.service.js';
import { type RevisionEntry, RevisionsService } from '../snapshots/revisions.service.js';
import { once } from './idempotency.js';

type Change = Pick<AuditEntry, 'action' | 'entityKind' | 'entityId' | 'entityName' | 'before' | 'after'>;

/** What a feature may do while it holds the write lock. */
export interface Write {
  readonly tx: Transaction;
  readonly now: Date;
  /** What the caller's key may do; nothing where there is none, as for a build. */
  readonly scopes: readonly Scope[];
  /** Puts a change on record, when the work is done: its revision and its audit row. */
  readonly record: (change: Change) => void;
  /** Puts a change on record that no node sees: an audit row without a revision. */
  readonly note: (change: Change) => void;
}

interface WriteLimits {
  /** For the whole transaction, waiting for the writes before it included. */
  readonly timeoutMs?: number;
}

/**
 * Runs the writes of the configuration one after another, each in one transaction with its revision and audit rows:
 * whatever a write checks - names, preconditions, references - still holds when it commits.
 */
@Injectable()
export class ConfigWriter {
  /** A burst of writes that wait for the lock must not take every connection from the reads. */
  private readonly gate = new BoundedGate({ runningMax: 2, waitingMax: 1_000, waitTimeoutMs: 15_000 });

  constructor(
    private readonly prisma: PrismaService,
    private readonly revisions: RevisionsService,
    private readonly audit: AuditService,
    private readonly publisher: PublisherService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The answer carries the revision that is current when the write commits: a new one, if anything was recorded. Throws
   * `platform.database` when it is not done in `timeoutMs`, which is short by default: others wait for it.
   */
  async run(context: RequestContext, body: unknown, work: (write: Write) => Promise<Answer>, limits: WriteLimits = {}): Promise<Answer> {
    const answer = await this.gate.run(() => this.write(context, body, work, limits));
    if (answer.revision !== undefined) this.revisions.committed(answer.revision);
    this.publisher.kick();
    return answer;
  }

  private write(context: RequestContext, body: unknown, work: (write: Write) => Promise<Answer>, { timeoutMs }: WriteLimits): Promise<Answer> {
    const transaction = async (tx: Transaction): Promise<Answer> => {
      const { revision } = await this.revisions.lock(tx);
      const now = this.clock.date();
      const { actor, requestId, scopes } = context;
      const entries: AuditEntry[] = [];
      const made: RevisionEntry[] = [];
      const note = (change: Change): void => {
        entries.push({ ...change, at: now, actor, requestId });
      };
      const record = (change: Change): void => {
        made.push({ at: now, actor, summary: `${change.action} ${change.entityKind} ${change.entityName}` });
        entries.push({ ...change, at: now, actor, requestId, revision: revision + made.length });
      };
      const result = await once(tx, context, { body, now }, () => work({ tx, now, scopes, record, note }));
      // All at once: an import has a thousand of them, and everybody else waits for it.
      const newest = made.length === 0 ? revision : await this.revisions.add(tx, revision, made);
      await this.audit.recordAll(tx, entries);
      return new Answer(result.status, result.body, result.headers, newest);
    };
    return this.prisma.$transaction(transaction, timeoutMs === undefined ? {} : { timeout: timeoutMs });
  }
}
