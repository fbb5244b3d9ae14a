import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const timeoutMs = 60_000;

/**
 * Removes a folder in which a program of somebody else could write, whatever it left there: folders that nobody may look
 * into, or deeper ones than a path can name. Links are removed, not followed. Throws when something could not be removed.
 */
export async function removeTree(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => removeStubborn(folder));
}

/** By the system's own programs, which go from folder to folder instead of naming whole paths. */
async function removeStubborn(folder: string): Promise<void> {
  const run = promisify(execFile);
  const options = { timeout: timeoutMs, env: { PATH: '/usr/bin:/bin' } };
  // What it cannot change does not matter unless it cannot be removed either.
  await run('chmod', ['-R', 'u+rwX', '--', folder], options).catch(() => undefined);
  await run('rm', ['-rf', '--', folder], options);
}
