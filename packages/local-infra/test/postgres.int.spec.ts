import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import pg from 'pg';
import { canQuery, createDatabase, dropDatabase, type LocalPostgres, type ServerEvent, startPostgres, urlOfDatabase } from '../src/index.js';
import { eventually, isRunning, otherRun, tempFolder } from './processes.js';

jest.setTimeout(240_000);

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
}

describe('startPostgres', () => {
  const folder = tempFolder();
  const dataDir = path.join(folder.path, 'postgres');
  const running: LocalPostgres[] = [];
  const start = async (onEvent?: (event: ServerEvent) => void): Promise<LocalPostgres> => {
    const postgres = await startPostgres({ dataDir, ...(onEvent === undefined ? {} : { onEvent }) });
    running.push(postgres);
    return postgres;
  };

  beforeAll(async () => {
    const postgres = await start();
    await createDatabase(postgres.urlOf('postgres'), 'app');
    await query(postgres.urlOf('app'), 'CREATE TABLE kept (n int)');
    await postgres.stop();
  });
  afterEach(async () => {
    for (const postgres of running.splice(0)) await postgres.stop();
  });
  afterAll(() => folder.remove());

  it('keeps what was written over a stop and a start', async () => {
    const first = await start();
    await query(first.urlOf('app'), 'INSERT INTO kept VALUES (1)');
    await first.stop();
    expect(isRunning(first.pid())).toBe(false);
    const second = await start();
    expect(await query(second.urlOf('app'), 'SELECT n FROM kept WHERE n = 1')).toEqual([{ n: 1 }]);
  });

  it('comes back on the same port with every acknowledged write when it is killed', async () => {
    const events: ServerEvent[] = [];
    const postgres = await start((event) => events.push(event));
    await query(postgres.urlOf('app'), 'INSERT INTO kept VALUES (2)');
    process.kill(postgres.pid(), 'SIGKILL');
    await eventually(() => events.some((event) => event.kind === 'restarted'));
    expect(await query(postgres.urlOf('app'), 'SELECT n FROM kept WHERE n = 2')).toEqual([{ n: 2 }]);
    expect(events.map((event) => event.kind)).toEqual(['died', 'restarted']);
  });

  it('takes over the data from a run that hangs', async () => {
    const hanging = await otherRun(folder.path);
    try {
      // Frozen, it can neither stop its servers nor start them again.
      hanging.process.kill('SIGSTOP');
      const postgres = await start();
      expect(isRunning(hanging.postgresPid)).toBe(false);
      expect(await canQuery(postgres.urlOf('app'))).toBe(true);
    } finally {
      hanging.process.kill('SIGKILL');
    }
    await eventually(() => !isRunning(hanging.redisPid));
  });

  it('starts although the process id of a crashed machine now belongs to another program', async () => {
    const pidFile = path.join(dataDir, 'cluster', 'postmaster.pid');
    fs.writeFileSync(pidFile, `${process.pid}\n`);
    const postgres = await start();
    expect(await canQuery(postgres.urlOf('app'))).toBe(true);
  });

  it('lets nobody in without the password', async () => {
    const postgres = await start();
    const url = new URL(postgres.urlOf('app'));
    url.password = 'wrong';
    expect(await canQuery(url.href)).toBe(false);
  });

  it('creates a database as a copy of another, once, and drops it although it is in use', async () => {
    const postgres = await start();
    const admin = postgres.urlOf('postgres');
    await createDatabase(admin, 'copy', 'app');
    await createDatabase(admin, 'copy', 'app');
    const user = new pg.Client({ connectionString: urlOfDatabase(admin, 'copy') });
    user.on('error', () => {});
    await user.connect();
    await user.query('SELECT n FROM kept');
    await dropDatabase(admin, 'copy');
    expect(await canQuery(urlOfDatabase(admin, 'copy'))).toBe(false);
    await expect(createDatabase(admin, 'a"; DROP DATABASE app; --')).rejects.toThrow('not a database name');
  });

  it('says why it does not start', async () => {
    const postgres = await start();
    const other = path.join(folder.path, 'other');
    await expect(startPostgres({ dataDir: other, port: postgres.port, durable: false })).rejects.toThrow(/postgres exited with 1.*in use/s);
  });

  it('leaves no process behind when the run that started it is killed', async () => {
    const run = await otherRun(folder.path);
    expect([run.postgresPid, run.redisPid].every(isRunning)).toBe(true);
    run.process.kill('SIGKILL');
    await eventually(() => !isRunning(run.postgresPid) && !isRunning(run.redisPid));
  });
});
