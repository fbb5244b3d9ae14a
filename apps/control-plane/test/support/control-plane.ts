import 'reflect-metadata';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ConfigKeys, configKeys } from '@torii/config-sync';
import { createLogger } from '@torii/service-kit';
import { createTestDatabase, testRedis } from '@torii/test-kit';
import { Redis } from 'ioredis';
import pg from 'pg';
import { createApp, type ServedRoute } from '../../src/app.js';
import { readEnv } from '../../src/env.js';
import { ApiClient } from './api-client.js';
import { type Relay, startRelay } from './relay.js';

export interface TestControlPlane {
  readonly url: string;
  /** With the first admin key. */
  readonly api: ApiClient;
  readonly nodeToken: string;
  readonly routes: readonly ServedRoute[];
  readonly databaseUrl: string;
  readonly home: string;
  readonly keys: ConfigKeys;
  /** Of the test, beside the control plane's own. */
  readonly redis: Redis;
  readonly database: pg.Pool;
  /** Between the control plane and its database. */
  readonly databaseRelay: Relay;
  /** Another control plane on the same database, Redis and home. */
  readonly startAnother: () => Promise<{ api: ApiClient; close: () => Promise<void> }>;
  close(): Promise<void>;
}

/** A control plane in this process with a database, a key prefix and a home folder of its own. */
export async function startControlPlane(options: { readonly redisUrl?: string } = {}): Promise<TestControlPlane> {
  const { url: databaseUrl, drop } = await createTestDatabase();
  const { url: redisUrl, keyPrefix } = testRedis();
  const databaseRelay = await startRelay(databaseUrl);
  const home = await mkdtemp(path.join(tmpdir(), 'torii-control-plane-'));
  const start = () => {
    const env = readEnv({
      DATABASE_URL: databaseRelay.url,
      REDIS_URL: options.redisUrl ?? redisUrl,
      TORII_REDIS_PREFIX: keyPrefix,
      TORII_ADMIN_PORT: '0',
      TORII_HOME: home,
    });
    return createApp({ env, log: createLogger({ level: process.env.TORII_TEST_LOG ?? 'silent', app: 'control-plane' }) });
  };
  const app = await start();
  const adminKey = (await readFile(path.join(home, 'admin-key'), 'utf8')).trim();
  const redis = new Redis(options.redisUrl ?? redisUrl);
  redis.on('error', () => undefined); // tests take it away
  const database = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  database.on('error', () => undefined);
  return {
    url: app.url,
    api: new ApiClient(app.url, adminKey),
    nodeToken: app.nodeToken.reveal(),
    routes: app.routes,
    databaseUrl,
    databaseRelay,
    home,
    keys: configKeys(keyPrefix),
    redis,
    database,
    startAnother: async () => {
      const other = await start();
      return { api: new ApiClient(other.url, adminKey), close: () => other.close() };
    },
    close: async () => {
      await app.close();
      await databaseRelay.close();
      await database.end();
      redis.disconnect();
      await drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
