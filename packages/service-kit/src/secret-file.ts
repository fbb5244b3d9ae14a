import { randomBytes } from 'node:crypto';
import { createPrivateFile, readPrivateFile } from './private-file.js';
import { Secret } from './secret.js';

const secretBytes = 32;

/**
 * The secret in `file`; made there (256 random bits, base64url, mode 0600) when there is none yet.
 *
 * Several processes may call this at once on a new folder: all get the same secret. Throws when the file is empty.
 */
export async function readOrCreateSecretFile(file: string): Promise<Secret> {
  const existing = await readPrivateFile(file);
  if (existing !== undefined) return new Secret(existing);
  const made = randomBytes(secretBytes).toString('base64url');
  if (await createPrivateFile(file, made)) return new Secret(made);
  const winner = await readPrivateFile(file); // another process of this folder was first
  if (winner === undefined) throw new Error(`${file} is empty: delete it, or write a secret into it`);
  return new Secret(winner);
}
