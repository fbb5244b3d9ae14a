import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, sharedGoSeeds } from '@torii/test-kit';
import { send } from './http.js';

const checkout = path.join(import.meta.dirname, '..');
const patience = { timeoutMs: 150_000 };

interface Started {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly exitCode: Promise<number | null>;
}

const all: Started[] = [];

/** What `npm start` runs, with a home and ports of its own, so that it may run beside another. */
function start(home: string, env: Record<string, string> = {}): Started {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: checkout,
    env: {
      ...{ ...process.env, TORII_HOME: home, TORII_ADMIN_PORT: '0', TORII_PROXY_PORT: '0', TORII_INTERNAL_PORT: '0' },
      ...{ TORII_BUILD_GO_SEEDS: sharedGoSeeds(), ...env },
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += String(chunk)));
  const exitCode = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const started = { process: child, output: () => output, exitCode };
  all.push(started);
  return started;
}

async function ready(started: Started): Promise<void> {
  await eventually(() => {
    if (!/^ready in/m.test(started.output())) throw new Error(`not ready:\n${started.output()}`);
  }, patience);
}

/** The ids of all processes that descend from this one. */
function descendants(pid: number): number[] {
  const parents = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const found = [pid];
  for (const id of found) found.push(...parents.flatMap(([child, parent]) => (parent === id && child !== undefined ? [child] : [])));
  return found.slice(1);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('npm start', () => {
  let home: string;
  afterEach(() => {
    for (const { process: child } of all.splice(0)) child.kill('SIGKILL'); // where it runs still, a test has failed
  });
  beforeAll(async () => {
    home = await mkdtemp(path.join(tmpdir(), 'torii-start-'));
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  it("ends with the article's function answering on both nodes, and stops everything on SIGTERM", async () => {
    const started = start(home);
    await ready(started);
    const urls = [...started.output().matchAll(/curl '(http:[^']+\/search[^']+)'/g)].map((match) => match[1] ?? '');
    expect(urls).toHaveLength(2);
    const answers = await Promise.all(urls.map((url) => send(url)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(answers[0]?.text).toBe(answers[1]?.text);

    const pids = descendants(started.process.pid ?? 0);
    expect(pids.length).toBeGreaterThanOrEqual(6); // two servers, the stand-in, the control plane, two nodes
    started.process.kill('SIGTERM');
    expect(await started.exitCode).toBe(143);
    await eventually(() => expect(pids.filter(isAlive)).toEqual([]));
  });

  it('starts again on what it kept, and leaves nothing behind when it is killed', async () => {
    const started = start(home);
    await ready(started);
    const second = start(home);
    expect(await second.exitCode).toBe(1);
    expect(second.output()).toMatch(/^torii: it runs already in this folder/);

    const pids = descendants(started.process.pid ?? 0);
    started.process.kill('SIGKILL');
    await started.exitCode;
    await eventually(() => expect(pids.filter(isAlive)).toEqual([]), patience);
  });

  it('says in one line what to do about a port in use, and exits 1', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const started = start(home, { TORII_ADMIN_PORT: String(port) });
    expect(await started.exitCode).toBe(1);
    expect(started.output()).toBe(`torii: port ${port} is in use: set TORII_ADMIN_PORT to another\n`);
    await new Promise((resolve) => taken.close(resolve));
  });
});
