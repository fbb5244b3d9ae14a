import path from 'node:path';
import { type Clock, writePrivateFile } from '@torii/service-kit';
import type { PrismaService } from '../prisma/prisma.service.js';
import { type ApiKeysService, newKey } from './api-keys.service.js';

/** Of several control planes that boot on one new database at once, exactly one makes the key. */
const firstKeyLockId = 72_707_370;

export interface FirstAdminKeyDeps {
  readonly prisma: PrismaService;
  readonly apiKeys: ApiKeysService;
  readonly clock: Clock;
  /** Gets the file `admin-key`. */
  readonly home: string;
}

/**
 * Makes the first admin key when the database has none, and answers the file it is in.
 *
 * The file is written before the row commits: a crash in between leaves a key that opens nothing, not a database whose
 * only key nobody knows. A file of an earlier database is replaced.
 */
export function ensureFirstAdminKey(deps: FirstAdminKeyDeps): Promise<string | undefined> {
  return deps.prisma.$transaction(async (tx) => {
    await tx.$executeRaw`SELECT pg_advisory_xact_lock(${firstKeyLockId})`;
    if ((await tx.adminKey.count()) > 0) return undefined;
    const key = newKey();
    const file = path.join(deps.home, 'admin-key');
    await deps.apiKeys.create(tx, key, 'first', ['admin'], deps.clock.date());
    await writePrivateFile(file, key.reveal());
    return file;
  });
}
