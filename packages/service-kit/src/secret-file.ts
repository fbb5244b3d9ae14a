import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Secret } from './secret.js';

/**
 * The secret in `file`; made there (256 random bits, base64url, mode 0600) when there is none yet.
 *
 * Several processes may call this at once on a new folder: all get the same secret.
 */
export function readOrCreateSecretFile(file: string): Secret {
  const existing = readSecretFile(file);
  if (existing !== undefined) return existing;
  mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, randomBytes(32).toString('base64url'), { mode: 0o600, flag: 'wx' });
  try {
    linkSync(temporary, file); // fails when another process was first, so that a half-written file is never seen
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return new Secret(readFileSync(file, 'utf8').trim());
}

function readSecretFile(file: string): Secret | undefined {
  try {
    return new Secret(readFileSync(file, 'utf8').trim());
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
