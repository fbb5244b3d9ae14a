import { defaultWorkspace } from '@torii/contracts';
import type pg from 'pg';
import type { StoreName } from './object-store.js';

export interface ObjectCopy {
  readonly sha256: string;
  readonly size: number;
  readonly store: StoreName;
}

/** Something keeps the object: an artifact, or the sources of a function. */
const isKept = `(EXISTS (SELECT 1 FROM artifacts a WHERE a.sha256 = c.sha256)
  OR EXISTS (SELECT 1 FROM function_sources f WHERE f.sha256 = c.sha256))`;

/** What the database knows of where objects are. The bytes themselves are the stores'. */
export class ObjectCopies {
  constructor(private readonly pool: pg.Pool) {}

  /**
   * Says that a copy is about to be written, so that it is found however that ends, and is not removed meanwhile. True when a
   * complete one is known already. Waits while the same copy is just being removed.
   */
  async touch({ sha256, size, store }: ObjectCopy, now: Date): Promise<boolean> {
    const { rows } = await this.pool.query<{ stored: boolean }>(
      `INSERT INTO object_copies (sha256, store, workspace, size, touched_at) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (sha256, store) DO UPDATE SET touched_at = EXCLUDED.touched_at RETURNING stored_at IS NOT NULL AS stored`,
      [sha256, store, defaultWorkspace, size, now],
    );
    return rows[0]?.stored === true;
  }

  /** Says that a copy is complete. */
  async complete({ sha256, store }: ObjectCopy, now: Date): Promise<void> {
    const { rowCount } = await this.pool.query('UPDATE object_copies SET stored_at = $3 WHERE sha256 = $1 AND store = $2', [sha256, store, now]);
    if (rowCount !== 1) throw new Error(`the copy of ${sha256} in ${store} was removed while it was written`);
  }

  /** The complete copies of an object, that in `preferred` first. */
  async of(sha256: string, preferred: StoreName): Promise<ObjectCopy[]> {
    const { rows } = await this.pool.query<ObjectCopy>(
      'SELECT sha256, size, store FROM object_copies WHERE sha256 = $1 AND stored_at IS NOT NULL ORDER BY store = $2 DESC',
      [sha256, preferred],
    );
    return rows;
  }

  /** The copy in PostgreSQL that an earlier release of this program has written meanwhile, which does not say so itself. */
  async adopt(sha256: string, now: Date): Promise<ObjectCopy[]> {
    const { rows } = await this.pool.query<ObjectCopy>(
      `INSERT INTO object_copies (sha256, store, size, touched_at, stored_at)
       SELECT sha256, 'postgres', sum(octet_length(bytes))::int, $2, $2 FROM artifact_chunks WHERE sha256 = $1 GROUP BY sha256
       ON CONFLICT (sha256, store) DO NOTHING RETURNING sha256, size, store`,
      [sha256, now],
    );
    return rows;
  }

  /** Objects in use of which `store` has no complete copy, but one of `sources` has; none of `except`. */
  async missingFrom(store: StoreName, sources: readonly StoreName[], except: readonly string[], limit: number): Promise<ObjectCopy[]> {
    const { rows } = await this.pool.query<ObjectCopy>(
      `SELECT c.sha256, c.size, c.store FROM object_copies c
       WHERE c.store <> $1 AND c.store = ANY($2) AND c.stored_at IS NOT NULL AND c.sha256 <> ALL($3) AND ${isKept}
         AND NOT EXISTS (SELECT 1 FROM object_copies d WHERE d.sha256 = c.sha256 AND d.store = $1 AND d.stored_at IS NOT NULL)
       LIMIT $4`,
      [store, sources, except, limit],
    );
    return rows;
  }

  /**
   * Runs `remove` for one copy that nobody needs any more and forgets it: nothing keeps the object, or the preferred store has
   * had it since before `cutoff`; and nobody has begun to write it since then. Whoever wants to write it now waits, and then
   * writes it anew. False where there is none, or other processes are at those there are. When `remove` fails it stays.
   */
  async removeOne(
    { preferred, stores, cutoff }: { readonly preferred: StoreName; readonly stores: readonly StoreName[]; readonly cutoff: Date },
    remove: (copy: ObjectCopy) => Promise<void>,
  ): Promise<boolean> {
    const client = await this.pool.connect();
    let failure: Error | undefined;
    try {
      await client.query('BEGIN');
      const { rows } = await client.query<ObjectCopy>(
        `SELECT c.sha256, c.size, c.store FROM object_copies c
         WHERE c.touched_at < $1 AND c.store = ANY($2) AND (NOT ${isKept} OR (c.store <> $3 AND EXISTS (
           SELECT 1 FROM object_copies d WHERE d.sha256 = c.sha256 AND d.store = $3 AND d.stored_at < $1)))
         LIMIT 1 FOR UPDATE OF c SKIP LOCKED`,
        [cutoff, stores, preferred],
      );
      const copy = rows[0];
      if (copy !== undefined) {
        await remove(copy);
        await client.query('DELETE FROM object_copies WHERE sha256 = $1 AND store = $2', [copy.sha256, copy.store]);
      }
      await client.query('COMMIT');
      return copy !== undefined;
    } catch (error) {
      failure = error as Error;
      throw error;
    } finally {
      // A connection that failed in the middle is closed, and the database undoes what it had begun.
      client.release(failure);
    }
  }
}
