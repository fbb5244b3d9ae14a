import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type ConfigKeys, configKeys } from '@torii/config-sync';
import type { Problem } from '@torii/contracts';
import { createLogger } from '@torii/service-kit';
import { createTestDatabase, testRedis } from '@torii/test-kit';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { ServedRoute } from '../../src/app.js';
import { ApiClient, type Sent } from './api-client.js';
import { built } from './built.js';

export interface TestControlPlane {
  readonly url: string;
  /** With the first admin key. */
  readonly api: ApiClient;
  readonly nodeToken: string;
  readonly routes: readonly ServedRoute[];
  readonly databaseUrl: string;
  readonly home: string;
  readonly keys: ConfigKeys;
  readonly redisUrl: string;
  /** First part of every key in Redis. */
  readonly keyPrefix: string;
  /** Of the test, beside the control plane's own. */
  readonly redis: Redis;
  readonly database: pg.Pool;
  /** A request with the node token, as builders make them. */
  readonly asNode: (method: string, path: string, body?: Uint8Array) => Promise<Sent<Problem>>;
  /** Another control plane on the same database, Redis and home, with more variables. */
  readonly startAnother: (more?: Readonly<Record<string, string>>) => Promise<{ api: ApiClient; close: () => Promise<void> }>;
  /** Stops this one, and leaves the rest for another. */
  readonly stop: () => Promise<void>;
  close(): Promise<void>;
}

export interface TestControlPlaneOptions {
  readonly redisUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Answers the URL at which the control plane finds its database, such as that of a relay to it. */
  readonly wayToDatabase?: (databaseUrl: string) => Promise<string>;
}

type App = typeof import('../../src/app.js');
type AppEnv = typeof import('../../src/env.js');

/** A control plane in this process, the built one, with a database, a key prefix and a home folder of its own. */
export async function startControlPlane(options: TestControlPlaneOptions = {}): Promise<TestControlPlane> {
  const { createApp } = await built<App>('./app.js');
  const { readEnv } = await built<AppEnv>('./env.js');
  const { url: databaseUrl, drop } = await createTestDatabase();
  const { url: redisUrl, keyPrefix } = testRedis();
  const urlOnTheWay = (await options.wayToDatabase?.(databaseUrl)) ?? databaseUrl;
  const home = await mkdtemp(path.join(tmpdir(), 'torii-control-plane-'));
  const start = (more: Readonly<Record<string, string>> = {}) => {
    const env = readEnv({
      DATABASE_URL: urlOnTheWay,
      REDIS_URL: options.redisUrl ?? redisUrl,
      TORII_REDIS_PREFIX: keyPrefix,
      TORII_ADMIN_PORT: '0',
      TORII_HOME: home,
      ...options.env,
      ...more,
    });
    return createApp({ env, log: createLogger({ level: process.env.TORII_TEST_LOG ?? 'silent', app: 'control-plane' }) });
  };
  const app = await start();
  const adminKey = (await readFile(path.join(home, 'admin-key'), 'utf8')).trim();
  const redis = new Redis(options.redisUrl ?? redisUrl);
  redis.on('error', () => undefined); // tests take it away
  const database = new pg.Pool({ connectionString: databaseUrl, max: 2 });
  database.on('error', () => undefined);
  const nodeToken = app.nodeToken.reveal();
  return {
    url: app.url,
    api: new ApiClient(app.url, adminKey),
    nodeToken,
    asNode: (method, path, body) =>
      new ApiClient(app.url, nodeToken).send(method, path, body, body === undefined ? {} : { 'content-type': 'application/wasm' }),
    routes: app.routes,
    databaseUrl,
    home,
    keys: configKeys(keyPrefix),
    redisUrl: options.redisUrl ?? redisUrl,
    keyPrefix,
    redis,
    database,
    startAnother: async (more) => {
      const other = await start(more);
      return { api: new ApiClient(other.url, adminKey), close: () => other.close() };
    },
    stop: () => app.close(),
    close: async () => {
      await app.close();
      await database.end();
      redis.disconnect();
      await drop();
      await rm(home, { recursive: true, force: true });
    },
  };
}
