import { Injectable } from '@nestjs/common';
import { defaultWorkspace, idPrefixes } from '@torii/contracts';
import { v7 } from 'uuid';
import { Prisma } from '../prisma/generated/client.js';
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

  /** In their order, `batchSize` at a time. */
  async recordAll(tx: Transaction, entries: readonly AuditEntry[]): Promise<void> {
    for (let from = 0; from < entries.length; from += batchSize) {
      await tx.audit.createMany({ data: entries.slice(from, from + batchSize).map(rowOf) });
    }
  }
}

function rowOf(entry: AuditEntry) {
  return {
    ...entry,
    id: `${idPrefixes.audit}_${v7()}`,
    workspace: defaultWorkspace,
    revision: entry.revision === undefined ? null : BigInt(entry.revision),
    before: jsonOrNull(entry.before),
    after: jsonOrNull(entry.after),
  };
}

function jsonOrNull(value: object | undefined) {
  return value === undefined ? Prisma.DbNull : (value as Prisma.InputJsonObject);
}
