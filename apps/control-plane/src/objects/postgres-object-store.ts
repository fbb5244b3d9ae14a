import { defaultWorkspace } from '@torii/contracts';
import type pg from 'pg';
import { ObjectMissingError, type ObjectStore, type StorableObject } from './object-store.js';
import { piecesOf } from './pieces.js';

/** Size of the pieces: what a reader or writer holds in memory at a time. */
const pieceBytes = 512 * 1024;

/** Objects in the database, in pieces. The pool's own timeouts are its deadlines. */
export class PostgresObjectStore implements ObjectStore {
  readonly name = 'postgres';
  readonly title = 'PostgreSQL';

  constructor(private readonly pool: pg.Pool) {}

  async put({ sha256, open }: StorableObject): Promise<void> {
    let seq = 0;
    for await (const bytes of piecesOf(open(), pieceBytes)) {
      await this.pool.query(
        `INSERT INTO artifact_chunks (sha256, seq, workspace, bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (sha256, seq) DO UPDATE SET bytes = EXCLUDED.bytes`,
        [sha256, seq, defaultWorkspace, bytes],
      );
      seq += 1;
    }
    await this.pool.query('DELETE FROM artifact_chunks WHERE sha256 = $1 AND seq >= $2', [sha256, seq]);
  }

  async has({ sha256, size }: { readonly sha256: string; readonly size: number }): Promise<boolean> {
    const { rows } = await this.pool.query<{ size: number | null }>(
      'SELECT sum(octet_length(bytes))::int AS size FROM artifact_chunks WHERE sha256 = $1',
      [sha256],
    );
    return rows[0]?.size === size;
  }

  async *read(sha256: string): AsyncGenerator<Uint8Array, void, undefined> {
    for (let seq = 0; ; seq += 1) {
      const { rows } = await this.pool.query<{ bytes: Buffer }>('SELECT bytes FROM artifact_chunks WHERE sha256 = $1 AND seq = $2', [sha256, seq]);
      const piece = rows[0]?.bytes;
      if (piece === undefined && seq === 0) throw new ObjectMissingError(sha256, this.title);
      if (piece === undefined) return;
      yield piece;
    }
  }

  async remove(sha256: string): Promise<void> {
    await this.pool.query('DELETE FROM artifact_chunks WHERE sha256 = $1', [sha256]);
  }

  async check(): Promise<void> {
    await this.pool.query('SELECT 1');
  }

  close(): void {
    // The pool is the caller's.
  }
}
