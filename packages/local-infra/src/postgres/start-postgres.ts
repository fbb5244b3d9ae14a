import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../process/free-port.js';
import { stopLeftOver } from '../process/left-over.js';
import { ServerLog } from '../process/server-log.js';
import { type ServerEvent, ServerProcess } from '../process/server-process.js';
import { findPostgresBinaries } from './binaries.js';
import { canQuery } from './database.js';
import { chooseRunAs, type RootMode, type RunAs } from './run-as.js';

export interface PostgresOptions {
  /** Holds the cluster, its password and its log; made when it is not there. */
  readonly dataDir: string;
  /** Of 127.0.0.1; a free one by default. */
  readonly port?: number;
  /** False for tests: a crash of the machine may then lose everything. */
  readonly durable?: boolean;
  readonly rootMode?: RootMode;
  readonly onEvent?: (event: ServerEvent) => void;
}

export interface LocalPostgres {
  readonly port: number;
  /** Login as superuser, with the password, to that database. */
  urlOf(database: string): string;
  pid(): number;
  /** Ends open transactions and stops; data stays. */
  stop(): Promise<void>;
}

const superuser = 'postgres';
const startTimeoutMs = 60_000;
const stopTimeoutMs = 15_000;
const initTimeoutMs = 120_000;
/** Fast shutdown: transactions are aborted, data is written. */
const stopSignal = 'SIGINT';

/**
 * Starts PostgreSQL 18 from the npm package of this platform, on 127.0.0.1 with a password, and keeps it alive.
 *
 * Creates the cluster at the first start. A server that a killed run left on the same data is stopped first.
 * Throws `UnavailableError` where there is no such package, and with the server's own words when it does not start.
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const durable = options.durable ?? true;
  const folder = path.resolve(options.dataDir);
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const password = readOrMakePassword(path.join(folder, 'password'));
  const runAs = chooseRunAs(findPostgresBinaries(), path.join(folder, 'cluster'), options.rootMode ?? 'auto');

  await stopPostmaster(runAs.dataDir);
  if (!fs.existsSync(path.join(runAs.dataDir, 'PG_VERSION'))) await createCluster(runAs, password, durable);

  const port = options.port ?? (await freePort());
  const urlOf = (database: string): string => `postgresql://${superuser}:${password}@127.0.0.1:${port}/${database}`;
  const log = new ServerLog(path.join(folder, 'postgres.log'));
  const args = ['-D', runAs.dataDir, ...settings(port, durable).flatMap((setting) => ['-c', setting])];
  const server = await ServerProcess.start({
    name: 'postgres',
    launch: () => run(runAs, 'postgres', args, log.fd),
    isReady: () => canQuery(urlOf('postgres')),
    lastWords: () => log.tail(),
    startTimeoutMs,
    stopSignal,
    stopTimeoutMs,
    onEvent: options.onEvent,
  });
  return {
    port,
    urlOf,
    pid: () => server.pid,
    async stop() {
      await server.stop();
      log.close();
    },
  };
}

function settings(port: number, durable: boolean): string[] {
  const common = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'shared_buffers=64MB',
    'log_timezone=UTC',
    'timezone=UTC',
  ];
  return durable ? common : [...common, 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];
}

async function createCluster(runAs: RunAs, password: string, durable: boolean): Promise<void> {
  // What is there without PG_VERSION is what an interrupted run left.
  fs.rmSync(runAs.dataDir, { recursive: true, force: true });
  fs.mkdirSync(runAs.dataDir, { mode: 0o700 });
  giveTo(runAs.dataDir, runAs);
  const passwordFile = `${runAs.dataDir}.password`;
  fs.writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(passwordFile, runAs);
  const args = [
    ...['-D', runAs.dataDir, '-U', superuser, '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '--encoding=UTF8'],
    ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions'],
    ...(durable ? [] : ['--no-sync']),
  ];
  const child = run(runAs, 'initdb', args, 'pipe');
  const timer = setTimeout(() => child.kill('SIGKILL'), initTimeoutMs);
  let words = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes: Buffer) => {
      words = (words + bytes.toString('utf8')).slice(-4_096);
    });
  }
  const how = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `ended with ${signal ?? code}`));
  });
  clearTimeout(timer);
  fs.rmSync(passwordFile);
  if (how === '') return;
  fs.rmSync(runAs.dataDir, { recursive: true, force: true });
  throw new Error(`initdb ${how}: ${words.trim()}`);
}

function giveTo(file: string, { ids }: RunAs): void {
  if (ids.uid !== undefined && ids.gid !== undefined) fs.chownSync(file, ids.uid, ids.gid);
}

function run(runAs: RunAs, program: 'postgres' | 'initdb', args: readonly string[], output: number | 'pipe'): ChildProcess {
  const [command = '', ...rest] = [...runAs.prefix, path.join(runAs.native, 'bin', program), ...args];
  return spawn(command, rest, {
    ...runAs.ids,
    cwd: runAs.dataDir,
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', output, output],
    // Its own process group: Ctrl-C must reach us first, so that the apps stop before their database.
    detached: true,
  });
}

/** PostgreSQL names its process in the first line of postmaster.pid. */
async function stopPostmaster(dataDir: string): Promise<void> {
  const file = path.join(dataDir, 'postmaster.pid');
  if (!fs.existsSync(file)) return;
  const pid = Number(fs.readFileSync(file, 'utf8').split('\n')[0]);
  if (Number.isInteger(pid) && pid > 1) await stopLeftOver(pid, dataDir, stopSignal);
  // After a crash of the machine its id may belong to any process, and PostgreSQL would refuse to start.
  fs.rmSync(file, { force: true });
}

function readOrMakePassword(file: string): string {
  if (!fs.existsSync(file)) fs.writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return fs.readFileSync(file, 'utf8').trim();
}
