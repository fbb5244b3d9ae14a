import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** A new folder for one test file, and how to remove it. */
export function tempFolder(): { path: string; remove(): void } {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'torii-local-infra-'));
  return { path: folder, remove: () => fs.rmSync(folder, { recursive: true, force: true }) };
}

/** Zombies, which only wait for their parent to notice, do not count. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export async function eventually(isDone: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs;
  while (!(await isDone())) {
    if (performance.now() > deadlineMs) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Another process that has started both servers under `folder`, as a run of its own. */
export async function otherRun(folder: string): Promise<{ process: ChildProcess; postgresPid: number; redisPid: number }> {
  const entry = path.join(import.meta.dirname, '..', 'dist', 'index.js');
  const script = `
    const { startPostgres, startRedis } = await import(${JSON.stringify(entry)});
    const postgres = await startPostgres({ dataDir: ${JSON.stringify(path.join(folder, 'postgres'))} });
    const redis = await startRedis({ dataDir: ${JSON.stringify(path.join(folder, 'redis'))}, kind: 'wasm' });
    console.log(JSON.stringify([postgres.pid(), redis.pid()]));
    setInterval(() => {}, 1000);`;
  const run = spawn(process.execPath, ['--input-type=module', '--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(run.stdout, 'data')) as [Buffer];
  const [postgresPid = 0, redisPid = 0] = JSON.parse(line.toString('utf8')) as number[];
  return { process: run, postgresPid, redisPid };
}
