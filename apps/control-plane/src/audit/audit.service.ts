import { Injectable } from '@nestjs/common';
import { defaultWorkspace, idPrefixes } from '@torii/contracts';
import { v7 } from 'uuid';
import type { Transaction } from '../prisma/prisma.service.js';

export interface AuditEntry {
  readonly at: Date;
  readonly actor: string;
  readonly requestId: string;
  readonly action: 'create' | 'update' | 'delete' | 'upload' | 'publish';
  readonly entityKind: 'plugin' | 'route' | 'settings' | 'artifact' | 'function' | 'build';
  readonly entityId: string;
  readonly entityName: string;
  /** Undefined where the change is not part of the configuration. */
  readonly revision?: number;
  readonly before?: object;
  readonly after?: object;
}

/** Rows in one statement: each holds an entity as it was and as it is. */
const batchSize = 200;

/** Who changed what, when. An entry shares the transaction of its change: there is neither without the other. */
@Injectable()
export class AuditService {
  record(tx: Transaction, entry: AuditEntry): Promise<void> {
    return this.recordAll(tx, [entry]);
  }

  /** In their order, `batchSize` at a time; as JSON, because through the client of the database a row takes ten times as long. */
  async recordAll(tx: Transaction, entries: readonly AuditEntry[]): Promise<void> {
    for (let from = 0; from < entries.length; from += batchSize) {
      const rows = entries.slice(from, from + batchSize).map((entry) => ({ ...entry, id: `${idPrefixes.audit}_${v7()}` }));
      await tx.$executeRaw`
        INSERT INTO audit (id, workspace, at, actor, request_id, action, entity_kind, entity_id, entity_name, revision, before, after)
        SELECT id, ${defaultWorkspace}, at, actor, "requestId", action, "entityKind", "entityId", "entityName", revision, before, after
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
          AS row (id text, at timestamptz, actor text, "requestId" text, action text, "entityKind" text, "entityId" text, "entityName" text,
            revision bigint, before jsonb, after jsonb)`;
    }
  }
}
