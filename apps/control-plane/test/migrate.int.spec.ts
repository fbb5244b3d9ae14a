import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@torii/test-kit';
import pg from 'pg';
import { migrate } from '../src/prisma/migrate.js';

let database: TestDatabase;
let directory: string;
let client: pg.Client;

beforeEach(async () => {
  database = await createTestDatabase();
  directory = await mkdtemp(path.join(tmpdir(), 'torii-migrations-'));
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(directory, { recursive: true, force: true });
});

async function aMigration(name: string, sql: string): Promise<void> {
  await mkdir(path.join(directory, name), { recursive: true });
  await writeFile(path.join(directory, name, 'migration.sql'), sql);
}

const run = () => migrate({ url: database.url, directory, connectTimeoutMs: 10_000, statementTimeoutMs: 30_000 });
const history = async () => (await client.query('SELECT * FROM _prisma_migrations ORDER BY migration_name')).rows;
const hasTable = async (name: string) => (await client.query('SELECT to_regclass($1) IS NOT NULL AS there', [name])).rows[0].there;

describe('migrate', () => {
  it('applies what is new, in order, and nothing twice', async () => {
    await aMigration('2_add', 'ALTER TABLE a ADD COLUMN y int;');
    await aMigration(
      '1_init',
      'CREATE TABLE a (x int);\n-- a function with semicolons\nCREATE FUNCTION f() RETURNS int AS $$ BEGIN RETURN 1; END; $$ LANGUAGE plpgsql;',
    );
    expect(await run()).toEqual(['1_init', '2_add']);
    expect(await run()).toEqual([]);
    await aMigration('3_more', 'CREATE TABLE c (x int);');
    expect(await run()).toEqual(['3_more']);
    expect(await history()).toMatchObject([
      { migration_name: '1_init', applied_steps_count: 1, finished_at: expect.any(Date), checksum: expect.stringMatching(/^[0-9a-f]{64}$/) },
      { migration_name: '2_add' },
      { migration_name: '3_more' },
    ]);
  });

  it('applies each migration once when several processes boot at the same time', async () => {
    for (let index = 1; index <= 5; index += 1) await aMigration(`${index}_step`, `CREATE TABLE t${index} (x int);`);
    const applied = (await Promise.all(Array.from({ length: 4 }, run))).flat();
    expect(applied.sort()).toEqual(['1_step', '2_step', '3_step', '4_step', '5_step']);
    expect(await history()).toHaveLength(5);
  });

  it('undoes a migration that fails, names it, and applies it once it is mended', async () => {
    await aMigration('1_good', 'CREATE TABLE good (x int);');
    await aMigration('2_bad', 'CREATE TABLE half (x int); CREATE TABLE good (x int);');
    await aMigration('3_later', 'CREATE TABLE later (x int);');
    await expect(run()).rejects.toThrow(/2_bad.*already exists/);
    expect([await hasTable('good'), await hasTable('half'), await hasTable('later')]).toEqual([true, false, false]);
    await aMigration('2_bad', 'CREATE TABLE half (x int);');
    expect(await run()).toEqual(['2_bad', '3_later']);
  });

  it('refuses a database with a migration that failed half-way, and one that was changed afterwards', async () => {
    await aMigration('1_init', 'CREATE TABLE a (x int);');
    await run();
    await aMigration('1_init', 'CREATE TABLE a (x bigint);');
    await expect(run()).rejects.toThrow(/1_init was changed/);
    await client.query("INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', '0_failed')");
    await expect(run()).rejects.toThrow(/failed migrations.*0_failed/);
  });

  it('says so when there is no database', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    await expect(migrate({ url: url.href, directory, connectTimeoutMs: 10_000, statementTimeoutMs: 30_000 })).rejects.toThrow(/does not exist/);
  });
});

describe('the migrations', () => {
  const all = path.resolve(import.meta.dirname, '../../../prisma/migrations');

  async function migrateUpTo(last: string): Promise<void> {
    const names = (await readdir(all)).filter((name) => name <= last);
    for (const name of names) await cp(path.join(all, name), path.join(directory, name), { recursive: true });
    await run();
  }

  it('take numbers of releases for used that were deleted before there was a note of them', async () => {
    await migrateUpTo('20261122194500_used_releases');
    await client.query("INSERT INTO function_sources (sha256, files, bytes, created_at) VALUES ('s', 1, 1, now())");
    for (const id of ['fn_1', 'fn_2']) {
      const values = `'${id}', '${id}', '', '{}', 'wat', '{}', 's', now(), now()`;
      await client.query(
        `INSERT INTO functions (id, name, description, tags, language, spec, source_sha256, created_at, updated_at) VALUES (${values})`,
      );
    }
    await client.query("INSERT INTO artifacts (sha256, size, description, created_at) VALUES ('a', 1, '{}', now())");
    await client.query(
      "INSERT INTO function_versions (function_id, version, sha256, language, toolchain, source_sha256, build_id, created_at) VALUES ('fn_1', '2.0.0', 'a', 'wat', '{}', 's', 'bd_2', now())",
    );
    const deleted = [
      ['fn_1', { version: '1.0.0', sha256: 'a', buildId: 'bd_1' }],
      ['fn_1', { version: '1.0.0', sha256: 'a', buildId: 'bd_3' }],
      ['fn_1', { version: 'dev', sha256: 'a', buildId: 'bd_1' }],
      ['fn_1', { version: '2.0.0', sha256: 'a', buildId: 'bd_1' }],
      ['fn_2', { name: 'fn_2', latestVersion: '3.0.0' }],
      ['fn_gone', { version: '1.0.0', sha256: 'a', buildId: 'bd_1' }],
    ] as const;
    for (const [index, [id, before]] of deleted.entries()) {
      await client.query(
        `INSERT INTO audit (id, at, actor, action, entity_kind, entity_id, entity_name, before, request_id)
          VALUES ($1, now(), 'a', 'delete', 'function', $2, 'x', $3, 'r')`,
        [`au_${index}`, id, JSON.stringify(before)],
      );
    }

    await migrateUpTo('20261122211500_releases_deleted_before');

    const { rows } = await client.query('SELECT function_id, version, workspace FROM function_used_releases');
    expect(rows).toEqual([{ function_id: 'fn_1', version: '1.0.0', workspace: 'default' }]);
  });
});
