import { createHash, randomUUID } from 'node:crypto';
import type { Scope } from '@torii/contracts';
import type { TestControlPlane } from './control-plane.js';

/** A new admin key with these scopes. */
export async function aKeyWith(torii: TestControlPlane, ...scopes: readonly Scope[]): Promise<string> {
  const key = `torii_${randomUUID()}`;
  const hash = createHash('sha256').update(key).digest('hex');
  const columns = 'INSERT INTO admin_keys (id, name, hash, prefix, scopes, created_at) VALUES ($1, $1, $2, $3, $4, now())';
  await torii.database.query(columns, [`key_${randomUUID()}`, hash, 'torii_', [...scopes]]);
  return key;
}
