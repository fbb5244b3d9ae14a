import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { waitUntil } from './wait-until.js';

const stopTimeoutMs = 15_000;
const killTimeoutMs = 5_000;

/**
 * Stops the server that an earlier run left behind, so that two never share a data directory.
 *
 * The process of that id counts only when its command line names `dataDir`: the id may long belong to another.
 * Throws when it does not end.
 */
export async function stopLeftOver(pid: number, dataDir: string, signal: NodeJS.Signals): Promise<void> {
  const isRunning = (): boolean => commandLineOf(pid).includes(dataDir);
  if (!isRunning()) return;
  process.kill(pid, signal);
  if (await waitUntil(() => !isRunning(), stopTimeoutMs)) return;
  process.kill(pid, 'SIGKILL');
  if (!(await waitUntil(() => !isRunning(), killTimeoutMs))) throw new Error(`process ${pid} still uses ${dataDir} and does not end`);
}

/** Empty when there is no such process. */
function commandLineOf(pid: number): string {
  try {
    if (process.platform === 'linux') return fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
