import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type RunningControlPlane, spawnControlPlane, type TestDatabase, testRedis } from '@torii/test-kit';
import pg from 'pg';

const migrationsFolder = fileURLToPath(new URL('../../../prisma/migrations', import.meta.url));
const redis = testRedis();
const running: RunningControlPlane[] = [];
let database: TestDatabase;
let home: string;

beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(path.join(tmpdir(), 'torii-boot-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.kill()));
});
afterAll(async () => {
  await database?.drop();
  await rm(home, { recursive: true, force: true });
});

const env = () => ({ DATABASE_URL: database.url, REDIS_URL: redis.url, TORII_REDIS_PREFIX: redis.keyPrefix, TORII_HOME: home });

async function boot(changes: Record<string, string> = {}): Promise<RunningControlPlane> {
  const one = await spawnControlPlane({ env: { ...env(), ...changes } });
  running.push(one);
  return one;
}

/** Runs the built app until it ends by itself. */
function runToEnd(variables: Record<string, string>): Promise<{ code: number | null; stderr: string; stdout: string }> {
  const entry = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  return new Promise((resolve) => {
    const { PATH = '', NODE_COMPILE_CACHE = '' } = process.env; // with code that is compiled it starts in less time
    const child = spawn(process.execPath, [entry], { env: { PATH, NODE_COMPILE_CACHE, ...variables }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    let stdout = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.once('close', (code) => resolve({ code, stderr, stdout }));
  });
}

const answers = async (one: RunningControlPlane, key = one.adminKey) =>
  (await fetch(`${one.url}/api/v1/plugins`, { headers: { authorization: `Bearer ${key}` } })).status;

describe('several control planes that boot on a new database', () => {
  let one: RunningControlPlane;
  let other: RunningControlPlane;

  beforeAll(async () => {
    [one, other] = await Promise.all([spawnControlPlane({ env: env() }), spawnControlPlane({ env: env() })]);
  });
  afterAll(() => Promise.all([one?.kill(), other?.kill()]));

  it('make one admin key and apply each migration once', async () => {
    expect(one.adminKey).toBe(other.adminKey);
    expect([await answers(one), await answers(other)]).toEqual([200, 200]);
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const migrations = (await readdir(migrationsFolder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).length;
    const count = async (table: string) => (await client.query(`SELECT count(*)::int AS rows FROM ${table}`)).rows[0].rows;
    expect([await count('admin_keys'), await count('config_state'), await count('_prisma_migrations')]).toEqual([1, 1, migrations]);
    await client.end();
  });

  it('end in good order on SIGTERM, and keep the key when they boot again', async () => {
    expect(await one.stop()).toBe(0);
    const again = await boot();
    expect(await answers(again, one.adminKey)).toBe(200);
  });

  it('end by themselves although a client holds its request open', async () => {
    const { hostname, port } = new URL(other.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    const head = `POST /api/v1/artifacts HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${other.adminKey}\r\ncontent-type: application/wasm\r\ncontent-length: 1000\r\n\r\n`;
    socket.write(head);
    expect(await other.stop()).toBe(0); // it would have none, had it to be killed
    socket.destroy();
  });
});

describe('booting', () => {
  it('replaces the key file of an earlier database', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'torii-boot-'));
    await writeFile(path.join(folder, 'admin-key'), 'torii_of-another-database\n');
    const fresh = await createTestDatabase();
    try {
      const one = await boot({ TORII_HOME: folder, DATABASE_URL: fresh.url });
      expect(await answers(one)).toBe(200);
      expect(await readFile(path.join(folder, 'admin-key'), 'utf8')).not.toContain('another-database');
      await one.kill();
    } finally {
      await fresh.drop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('starts without Redis, and says so at /readyz', async () => {
    const one = await boot({ REDIS_URL: 'redis://127.0.0.1:1' });
    expect(await answers(one)).toBe(200);
    expect((await fetch(`${one.url}/livez`)).status).toBe(200);
    const ready = await fetch(`${one.url}/readyz`);
    expect([ready.status, await ready.json()]).toMatchObject([503, { status: 'unavailable', checks: { redis: { ok: false } } }]);
    expect(await one.stop()).toBe(0);
  });
});

describe('an environment it cannot start in', () => {
  it('is answered with every problem, a line each, and exit 1', async () => {
    const { code, stderr, stdout } = await runToEnd({ DATABASE_URL: 'mysql://x', TORII_ADMIN_PORT: 'x', TORII_LOG_LEVEL: 'loud' });
    expect(code).toBe(1);
    const lines = stderr.trim().split('\n');
    expect(lines).toHaveLength(4);
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'TORII_ADMIN_PORT', 'TORII_LOG_LEVEL']) expect(stderr).toContain(name);
    expect(stdout).toBe('');
  });

  it.each([
    ['a database that is not there', 'postgresql://torii:hunter2@127.0.0.1:1/torii'],
    ['a wrong password', undefined],
  ])('with %s is answered with one line that has no password in it', async (_, url) => {
    const wrong = new URL(database.url);
    wrong.password = 'hunter2';
    const { code, stderr } = await runToEnd({ ...env(), DATABASE_URL: url ?? wrong.href });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(/^cannot use the database at 127\.0\.0\.1:/);
    expect(stderr).not.toContain('hunter2');
  });

  it('with a port that is taken is answered with one line', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await runToEnd({ ...env(), TORII_ADMIN_PORT: String(port) });
    expect([code, stderr.trim().split('\n').length]).toEqual([1, 1]);
    expect(stderr).toMatch(/^cannot listen on 127\.0\.0\.1:/);
    server.close();
  });
});
