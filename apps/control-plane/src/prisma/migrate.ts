import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';

/** The advisory lock of Prisma's own `migrate deploy`, so that the two keep out of each other's way. */
const migrationLockId = 72_707_369;

// Prisma's own table, so that `prisma migrate status` agrees with us afterwards.
const historyTable = `
CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

interface Migration {
  readonly name: string;
  readonly sql: string;
  readonly checksum: string;
}

export interface MigrateOptions {
  readonly url: string;
  /** Holds one folder per migration, each with a `migration.sql`. */
  readonly directory: string;
  readonly connectTimeoutMs: number;
  /** How long to wait for another process that migrates the same database, and how long one statement may take. */
  readonly statementTimeoutMs: number;
}

/** A migration that cannot be applied; the database is as it was before it. */
export class MigrationError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MigrationError';
  }
}

/**
 * Applies the migrations that the database does not have yet, in order of their names, each exactly once even when
 * several processes do this at the same time, and answers the names of those it applied.
 *
 * Each one runs in a transaction of its own that also holds the lock (transaction-level, as a pooler needs it).
 * Throws `MigrationError` naming the migration that failed, or when an earlier failure is on record.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const migrations = await readMigrations(options.directory);
  const client = new pg.Client({
    connectionString: options.url,
    connectionTimeoutMillis: options.connectTimeoutMs,
    statement_timeout: options.statementTimeoutMs,
    application_name: 'torii-migrate',
  });
  // A connection that breaks between two queries is reported here; the next query rejects anyway.
  client.on('error', () => undefined);
  await client.connect();
  try {
    await inLockedTransaction(client, () => client.query(historyTable));
    const applied: string[] = [];
    for (const migration of migrations) {
      if (await inLockedTransaction(client, () => applyOnce(client, migration))) applied.push(migration.name);
    }
    return applied;
  } finally {
    await client.end();
  }
}

async function readMigrations(directory: string): Promise<Migration[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(path.join(directory, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function applyOnce(client: pg.Client, migration: Migration): Promise<boolean> {
  const history = await client.query<{ migration_name: string; checksum: string; finished_at: Date | null }>(
    'SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  const failed = history.rows.filter((row) => row.finished_at === null).map((row) => row.migration_name);
  if (failed.length > 0) {
    throw new MigrationError(`the database has failed migrations, resolve them first (prisma migrate resolve): ${failed.join(', ')}`);
  }
  const earlier = history.rows.find((row) => row.migration_name === migration.name);
  if (earlier?.checksum === migration.checksum) return false;
  if (earlier !== undefined) throw new MigrationError(`migration ${migration.name} was changed after it was applied`);
  try {
    await client.query(migration.sql);
  } catch (error) {
    throw new MigrationError(`migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count) VALUES ($1, $2, $3, now(), 1)',
    [randomUUID(), migration.checksum, migration.name],
  );
  return true;
}

async function inLockedTransaction<Result>(client: pg.Client, work: () => Promise<Result>): Promise<Result> {
  await client.query('BEGIN');
  try {
    await client.query('SELECT pg_advisory_xact_lock($1)', [migrationLockId]);
    const result = await work();
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch(() => undefined); // the connection may be what broke
    throw error;
  }
}
