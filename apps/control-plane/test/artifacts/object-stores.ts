import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { S3Settings } from '../../src/env.js';
import { startBucket, type TestBucket } from '../support/bucket.js';
import { built } from '../support/built.js';
import type { TestControlPlane } from '../support/control-plane.js';
import { anObject, describeObjectStore } from '../support/object-store-conformance.js';

type AppEnv = typeof import('../../src/env.js');
type PostgresStore = typeof import('../../src/objects/postgres-object-store.js');
type S3Store = typeof import('../../src/objects/s3-object-store.js');

async function settingsOf(env: Readonly<Record<string, string>>): Promise<S3Settings> {
  const { readEnv } = await built<AppEnv>('./env.js');
  const { s3 } = readEnv({ DATABASE_URL: 'postgresql://u@db/torii', REDIS_URL: 'redis://cache', ...env }).objects;
  if (s3 === undefined) throw new Error('no bucket is named');
  return s3;
}

/** The stores of objects; the one in PostgreSQL has the database of that control plane. */
export function describeObjectStores(running: () => TestControlPlane): void {
  describeObjectStore('PostgreSQL', async () => {
    const { PostgresObjectStore } = await built<PostgresStore>('./objects/postgres-object-store.js');
    const pool = new pg.Pool({ connectionString: running().databaseUrl });
    return { store: new PostgresObjectStore(pool), close: () => pool.end() };
  });

  describeObjectStore('S3', async () => {
    const { S3ObjectStore } = await built<S3Store>('./objects/s3-object-store.js');
    const bucket = await startBucket();
    const store = await S3ObjectStore.open(await settingsOf(bucket.env));
    return {
      store,
      close: async () => {
        store.close();
        await bucket.close();
      },
    };
  });

  describe('S3', () => {
    let bucket: TestBucket;
    beforeAll(async () => {
      bucket = await startBucket();
    });
    afterAll(() => bucket?.close());

    const opened = async (changes: Readonly<Record<string, string>> = {}) => {
      const { S3ObjectStore } = await built<S3Store>('./objects/s3-object-store.js');
      return S3ObjectStore.open(await settingsOf({ ...bucket.env, ...changes }));
    };

    it.each<[string, Readonly<Record<string, string>>, RegExp]>([
      ['a wrong secret', { TORII_S3_SECRET_ACCESS_KEY: 'another' }, /refuses access .*SignatureDoesNotMatch/],
      ['an unknown key', { TORII_S3_ACCESS_KEY_ID: 'AKIAUNKNOWN' }, /refuses access|answered 4/],
      ['a bucket that is not there', { TORII_S3_BUCKET: 'torii-test-none' }, /does not exist: .*TORII_S3_BUCKET/],
      ['an address where nobody listens', { TORII_S3_ENDPOINT: 'http://127.0.0.1:9' }, /cannot be reached \(\w+\): check TORII_S3_ENDPOINT/],
    ])('says what to do about %s', async (_, changes, detail) => {
      const store = await opened(changes);
      const problem = { code: 'platform.storage', detail: expect.stringMatching(detail) };
      await expect(store.put(anObject(10))).rejects.toMatchObject(problem);
      await expect(store.check()).rejects.toMatchObject(problem);
      store.close();
    });

    it('refuses bytes that are not those of their address', async () => {
      const store = await opened();
      const object = anObject(1_000);
      const other = anObject(1_000);
      await expect(store.put({ ...object, open: other.open })).rejects.toMatchObject({ code: 'platform.storage' });
      expect(await bucket.read(object.sha256)).toBeUndefined();
      store.close();
    });

    it('begins again when the connection breaks in the middle of a large object', async () => {
      const store = await opened();
      const object = anObject(4 * 1024 * 1024);
      let begun = 0;
      const breaking = async function* () {
        begun += 1;
        for await (const chunk of object.open()) {
          yield chunk;
          if (begun > 1) continue;
          bucket.relay.cut();
          bucket.relay.restore();
        }
      };
      await store.put({ ...object, open: breaking });
      expect(begun).toBeGreaterThan(1);
      expect((await bucket.read(object.sha256))?.equals(object.bytes)).toBe(true);
      store.close();
    });
  });
}
