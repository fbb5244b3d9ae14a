import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One of our apps in a process of its own, as operators run it. */
export interface SpawnedApp {
  readonly pid: number;
  /** What it wrote on standard output and error, line by line, oldest first; the last 10,000 lines. */
  readonly logs: readonly string[];
  /** Asks it to end, by SIGTERM; resolves with its exit code, or undefined when it had to be killed. */
  stop(): Promise<number | undefined>;
  /** Ends it at once, by SIGKILL. */
  kill(): Promise<void>;
}

export interface SpawnOptions {
  readonly env?: Readonly<Record<string, string>>;
}

const logLinesMax = 10_000;
const startTimeoutMs = 120_000;
const stopTimeoutMs = 60_000;

/**
 * Starts `apps/<app>/dist/main.js` and waits for its log line `readyMessage`; resolves with that line's fields.
 *
 * Throws with the last log lines when the app ends before that or is not ready within two minutes.
 */
export async function spawnApp(
  app: string,
  readyMessage: string,
  env: Readonly<Record<string, string>>,
): Promise<[SpawnedApp, Record<string, unknown>]> {
  // Sources and build are siblings, so this finds the app from either.
  const entry = fileURLToPath(new URL(`../../../apps/${app}/dist/main.js`, import.meta.url));
  const child = spawn(process.execPath, [entry], {
    env: { PATH: process.env.PATH ?? '', ...compileCache(), ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const logs: string[] = [];
  const ended = new Promise<number | undefined>((resolve) => child.once('close', (code) => resolve(code ?? undefined)));
  const ready = new Promise<Record<string, unknown>>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        logs.push(line);
        if (logs.length > logLinesMax) logs.shift();
        if (line.includes(`"msg":"${readyMessage}"`)) resolve(JSON.parse(line) as Record<string, unknown>);
      });
    }
  });
  const spawned: SpawnedApp = { pid: child.pid ?? 0, logs, stop: () => stop(child, ended), kill: () => kill(child, ended) };
  const outcome = await Promise.race([ready, ended.then(() => 'ended' as const), after(startTimeoutMs)]);
  if (typeof outcome === 'object') return [spawned, outcome];
  await spawned.kill();
  const how = outcome === 'ended' ? `ended with ${child.exitCode ?? child.signalCode}` : `was not ready within ${startTimeoutMs} ms`;
  throw new Error(`${app} ${how}:\n${logs.slice(-40).join('\n')}`);
}

/** Node's own variable: every start after the first finds the app's code compiled. */
function compileCache(): Record<string, string> {
  const folder = process.env.NODE_COMPILE_CACHE;
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

async function stop(child: ChildProcess, ended: Promise<number | undefined>): Promise<number | undefined> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  const code = await ended;
  clearTimeout(timer);
  return code;
}

async function kill(child: ChildProcess, ended: Promise<number | undefined>): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

function after(timeoutMs: number): Promise<'timeout'> {
  return new Promise((resolve) => setTimeout(() => resolve('timeout'), timeoutMs).unref());
}
