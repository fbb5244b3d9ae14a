import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { Secret } from '@torii/service-kit';
import type { Env } from '../env.js';
import { createPrivateFile, readPrivateFile } from './private-file.js';

const tokenBytes = 32;

/** What nodes authenticate with: from the environment, else from `node-token` in the home folder, made when missing. */
export async function loadNodeToken(env: Env): Promise<Secret> {
  if (env.nodeToken !== undefined) return env.nodeToken;
  const file = path.join(env.home, 'node-token');
  const existing = await readPrivateFile(file);
  if (existing !== undefined) return new Secret(existing);
  const made = randomBytes(tokenBytes).toString('base64url');
  if (await createPrivateFile(file, made)) return new Secret(made);
  const winner = await readPrivateFile(file); // another process of this folder was first
  if (winner === undefined) throw new Error(`${file} is empty: delete it, or write a token into it`);
  return new Secret(winner);
}
