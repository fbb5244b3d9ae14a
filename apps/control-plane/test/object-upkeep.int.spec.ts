import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Artifact, FunctionEntity } from '@torii/contracts';
import { eventually } from '@torii/test-kit';
import { type ApiClient, aModule } from './support/api-client.js';
import { startBucket, type TestBucket } from './support/bucket.js';
import { startControlPlane, type TestControlPlane } from './support/control-plane.js';

const often = { TORII_UPKEEP_INTERVAL_MS: '20' };
const wasm = { 'content-type': 'application/wasm' };
const artifacts = '/api/v1/artifacts';
const sha256Of = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
let modules = 0;
const anotherModule = () => aModule('', `f${++modules}`);

/** As if all that is noted had been noted eight days earlier. */
async function age({ database }: TestControlPlane, sha256: string): Promise<void> {
  await database.query("UPDATE artifacts SET unused_since = unused_since - interval '8 days' WHERE sha256 = $1", [sha256]);
  await database.query(
    "UPDATE object_copies SET touched_at = touched_at - interval '8 days', stored_at = stored_at - interval '8 days' WHERE sha256 = $1",
    [sha256],
  );
}

async function isNotedAsUnused({ database }: TestControlPlane, sha256: string): Promise<boolean> {
  return (await database.query('SELECT 1 FROM artifacts WHERE sha256 = $1 AND unused_since IS NOT NULL', [sha256])).rowCount === 1;
}

async function storesOf({ database }: TestControlPlane, sha256: string): Promise<string[]> {
  const { rows } = await database.query<{ store: string }>(
    'SELECT store FROM object_copies WHERE sha256 = $1 AND stored_at IS NOT NULL ORDER BY store',
    [sha256],
  );
  return rows.map(({ store }) => store);
}

async function aPlugin(api: ApiClient, name: string, sha256: string, functionName: string): Promise<void> {
  expect(await api.send('PUT', `/api/v1/plugins/${name}`, { source: { kind: 'artifact', sha256 }, functionName })).toMatchObject({ status: 201 });
}

/** Upkeep has come by since then. */
async function afterAPass(torii: TestControlPlane): Promise<void> {
  const { sha256 } = await torii.api.upload(await anotherModule());
  await eventually(() => isNotedAsUnused(torii, sha256));
}

describe.each(['PostgreSQL', 'S3'])('artifacts in %s that nothing refers to', (where) => {
  let bucket: TestBucket;
  let torii: TestControlPlane;
  let api: ApiClient;

  beforeAll(async () => {
    bucket = await startBucket();
    torii = await startControlPlane({ env: where === 'S3' ? { ...bucket.env, ...often } : often });
    api = torii.api;
  });
  afterAll(async () => {
    await torii?.close();
    await bucket?.close();
  });

  const hasBytes = async (sha256: string): Promise<boolean> => {
    const chunks = await torii.database.query('SELECT 1 FROM artifact_chunks WHERE sha256 = $1', [sha256]);
    return chunks.rowCount !== 0 || (await bucket.read(sha256)) !== undefined;
  };

  it('are deleted with their bytes after a while, and the deletion is on record', async () => {
    const { sha256 } = await api.upload(await anotherModule());
    await eventually(() => isNotedAsUnused(torii, sha256));
    await afterAPass(torii);
    expect(await api.get(`${artifacts}/${sha256}`)).toMatchObject({ status: 200 });

    await age(torii, sha256);
    await eventually(async () => expect(await api.get(`${artifacts}/${sha256}`)).toMatchObject({ status: 404 }));
    await eventually(async () => expect(await hasBytes(sha256)).toBe(false));
    const { rows } = await torii.database.query("SELECT actor FROM audit WHERE action = 'delete' AND entity_id = $1", [sha256]);
    expect(rows).toEqual([{ actor: 'control-plane' }]);
  });

  it('stay when a plugin refers to them meanwhile, or they are uploaded again', async () => {
    const bytes = await anotherModule();
    const again = await anotherModule();
    const { sha256 } = await api.upload(bytes);
    await eventually(() => isNotedAsUnused(torii, sha256));
    await aPlugin(api, 'late', sha256, `f${modules - 1}`);
    await age(torii, sha256);
    await afterAPass(torii);
    await eventually(async () => expect(await isNotedAsUnused(torii, sha256)).toBe(false));
    expect(await api.get(`${artifacts}/${sha256}/content`)).toMatchObject({ status: 200 });

    const other = await api.upload(again);
    await eventually(() => isNotedAsUnused(torii, other.sha256));
    await age(torii, other.sha256);
    const { status } = await api.send<Artifact>('POST', artifacts, again, wasm);
    expect([200, 201]).toContain(status); // it may just have been deleted, and then it is new
    await afterAPass(torii);
    expect(await api.get(`${artifacts}/${other.sha256}/content`)).toMatchObject({ status: 200 });
  });

  it('can always be referred to after an upload, even while they are being deleted', async () => {
    for (let round = 0; round < 15; round += 1) {
      const bytes = await anotherModule();
      const functionName = `f${modules}`;
      const sha256 = sha256Of(bytes);
      await api.upload(bytes);
      await eventually(() => isNotedAsUnused(torii, sha256), { intervalMs: 5 });
      // From here on upkeep deletes it, its bytes, or neither yet: at some point of that it is uploaded again.
      await age(torii, sha256);
      if (round % 3 > 0) await eventually(async () => (await api.get(`${artifacts}/${sha256}`)).status === 404 || round % 3 === 2, { intervalMs: 1 });
      const { status } = await api.send('POST', artifacts, bytes, wasm);
      expect([200, 201]).toContain(status);
      await aPlugin(api, `p${round}`, sha256, functionName);
      const { status: readStatus } = await api.get(`${artifacts}/${sha256}/content`);
      expect(readStatus).toBe(200);
    }
    await afterAPass(torii);
    for (let round = 0; round < 15; round += 1) {
      const plugin = await api.get<{ resolvedSha256: string }>(`/api/v1/plugins/p${round}`);
      expect(await api.get(`${artifacts}/${plugin.body.resolvedSha256}/content`)).toMatchObject({ status: 200 });
    }
  });

  it('leave no bytes behind when an upload broke off before its row', async () => {
    const bytes = await anotherModule();
    const { sha256 } = await api.upload(bytes);
    await torii.database.query('DELETE FROM artifacts WHERE sha256 = $1', [sha256]);
    await afterAPass(torii);
    expect(await hasBytes(sha256)).toBe(true);
    await age(torii, sha256);
    await eventually(async () => expect(await hasBytes(sha256)).toBe(false));
    await eventually(async () => expect(await storesOf(torii, sha256)).toEqual([]));
  });
});

describe('bytes that nothing needs', () => {
  let torii: TestControlPlane;
  beforeAll(async () => {
    torii = await startControlPlane();
  });
  afterAll(() => torii?.close());

  const hasBytes = async (sha256: string) => (await torii.database.query('SELECT 1 FROM artifact_chunks WHERE sha256 = $1', [sha256])).rowCount !== 0;

  /** Bytes without a row, from long ago. */
  async function anOrphan(bytes: Uint8Array): Promise<string> {
    const { sha256 } = await torii.api.upload(bytes);
    await torii.database.query('DELETE FROM artifacts WHERE sha256 = $1', [sha256]);
    await age(torii, sha256);
    return sha256;
  }

  it('stay, however old, when an upload has begun that needs them', async () => {
    const bytes = await anotherModule();
    const [sha256, other] = [await anOrphan(bytes), await anOrphan(await anotherModule())];
    const holder = await torii.database.connect();
    try {
      await holder.query(`
        CREATE FUNCTION await_test() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$;
        CREATE TRIGGER await_test BEFORE INSERT ON artifacts EXECUTE FUNCTION await_test()`);
      await holder.query('SELECT pg_advisory_lock(42)');
      const upload = torii.api.send('POST', artifacts, bytes, wasm);
      await eventually(async () => {
        const { rowCount } = await holder.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted");
        expect(rowCount).toBe(1);
      });
      const upkeep = await torii.startAnother(often);
      await eventually(async () => expect(await hasBytes(other)).toBe(false));
      await upkeep.close();
      await holder.query('SELECT pg_advisory_unlock(42)');
      expect(await upload).toMatchObject({ status: 201 });
    } finally {
      await holder.query('SELECT pg_advisory_unlock_all()');
      await holder.query('DROP FUNCTION await_test() CASCADE');
      holder.release();
    }
    expect(await torii.api.get(`${artifacts}/${sha256}/content`)).toMatchObject({ status: 200 });
  });
});

describe('a bucket that is named later', () => {
  let bucket: TestBucket;
  let before: TestControlPlane;
  let kept: { readonly sha256: string; readonly bytes: Uint8Array };
  let entity: FunctionEntity;

  beforeAll(async () => {
    bucket = await startBucket();
    before = await startControlPlane();
    const bytes = await anotherModule();
    kept = { sha256: (await before.api.upload(bytes)).sha256, bytes };
    await aPlugin(before.api, 'kept', kept.sha256, `f${modules}`);
    const made = await before.api.send<FunctionEntity>('POST', '/api/v1/functions', { name: 'kept', language: 'wat' });
    expect(made).toMatchObject({ status: 201 });
    entity = made.body;
  });
  afterAll(async () => {
    await before?.close();
    await bucket?.close();
  });

  const content = async (api: ApiClient) => (await fetch(`${api.url}${artifacts}/${kept.sha256}/content`, { headers: api.headers })).arrayBuffer();
  const expectAllThere = async (api: ApiClient) => {
    expect(new Uint8Array(await content(api))).toEqual(new Uint8Array(kept.bytes));
    expect(await api.get('/api/v1/functions/kept/files')).toMatchObject({ status: 200, body: { files: [{ path: expect.any(String) }] } });
  };

  it('gives what is in the database still, and takes what is new', async () => {
    const after = await before.startAnother(bucket.env);
    try {
      await expectAllThere(after.api);
      const { sha256 } = await after.api.upload(await anotherModule());
      expect(await storesOf(before, sha256)).toEqual(['s3']);
      // The one without a bucket says what it lacks.
      expect(await before.api.get(`${artifacts}/${sha256}/content`)).toMatchObject({
        status: 503,
        body: { code: 'platform.storage', detail: expect.stringContaining('TORII_S3_BUCKET') },
      });
    } finally {
      await after.close();
    }
  });

  it('gets everything, while the database keeps its copies for a while, and can be left again', async () => {
    const damaged = await before.api.upload(await anotherModule());
    await aPlugin(before.api, 'damaged', damaged.sha256, `f${modules}`);
    await before.database.query("UPDATE artifact_chunks SET bytes = 'wrong' WHERE sha256 = $1", [damaged.sha256]);
    // As an earlier release kept them.
    const tree = await before.api.get('/api/v1/functions/kept/files');
    await before.database.query('DELETE FROM object_copies WHERE sha256 = $1', [entity.source.sha256]);
    await before.database.query('DELETE FROM artifact_chunks WHERE sha256 = $1', [entity.source.sha256]);
    await before.database.query('UPDATE function_sources SET tree = $2 WHERE sha256 = $1', [entity.source.sha256, JSON.stringify(tree.body)]);
    await expectAllThere(before.api);

    const after = await before.startAnother({ ...bucket.env, ...often });
    try {
      await eventually(async () => expect(await storesOf(before, kept.sha256)).toEqual(['postgres', 's3']));
      await eventually(async () => expect(await storesOf(before, entity.source.sha256)).toEqual(['s3']));
      await expectAllThere(after.api);
      expect(sha256Of((await bucket.read(kept.sha256)) ?? Buffer.alloc(0))).toBe(kept.sha256);
      expect(await storesOf(before, damaged.sha256)).toEqual(['postgres']);
      bucket.relay.cut();
      expect(new Uint8Array(await content(after.api))).toEqual(new Uint8Array(kept.bytes));
      bucket.relay.restore();
      await age(before, kept.sha256);
      await eventually(async () => expect(await storesOf(before, kept.sha256)).toEqual(['s3']));
      expect((await before.database.query('SELECT 1 FROM artifact_chunks WHERE sha256 = $1', [kept.sha256])).rowCount).toBe(0);
      await expectAllThere(after.api);
    } finally {
      bucket.relay.restore();
      await after.close();
    }

    const back = await before.startAnother({ ...bucket.env, ...often, TORII_OBJECT_STORE: 'postgres' });
    try {
      for (const sha256 of [kept.sha256, entity.source.sha256]) {
        await eventually(async () => expect(await storesOf(before, sha256)).toEqual(['postgres', 's3']));
        await age(before, sha256);
        await eventually(async () => expect(await storesOf(before, sha256)).toEqual(['postgres']));
        expect(await bucket.read(sha256)).toBeUndefined();
      }
      await expectAllThere(back.api);
    } finally {
      await back.close();
    }
    await expectAllThere(before.api);
  });
});
