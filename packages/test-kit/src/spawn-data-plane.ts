import { type SpawnedApp, type SpawnOptions, spawnApp } from './spawned-app.js';
import { tempHome } from './temp-home.js';

export interface RunningDataPlane extends SpawnedApp {
  /** Of the proxy, without a slash at the end. */
  readonly proxyUrl: string;
  /** Of health and metrics, without a slash at the end. */
  readonly internalUrl: string;
  readonly proxyPort: number;
  readonly home: string;
}

/**
 * A machine that runs all tests at once may keep a node, or what it waits for, from running for seconds: unless a test is
 * about one of these times, it must not come to an end in it.
 */
const patience = {
  TORII_THREAD_SILENCE_MS: '30000',
  // A thread that no test of a whole node needs, and that takes as much to start as a small test: data-threads.int.spec.ts has it.
  TORII_SPARE_THREAD_DELAY_MS: '3600000',
  TORII_OVERLOAD_LAG_MS: '30000',
  TORII_KV_TIMEOUT_MS: '20000',
  TORII_EGRESS_CONNECT_TIMEOUT_MS: '20000',
  TORII_EGRESS_REQUEST_TIMEOUT_MS: '60000',
  TORII_EGRESS_QUEUE_WAIT_MS: '20000',
  TORII_OTLP_TIMEOUT_MS: '20000',
  TORII_WARM_UP_TIMEOUT_MS: '60000',
};

/**
 * Starts a node with one data thread on free ports of 127.0.0.1. `env` must hold REDIS_URL, TORII_CONTROL_PLANE_URL
 * and, unless it shares the control plane's TORII_HOME, TORII_NODE_TOKEN. Its times are long unless `env` says otherwise.
 *
 * Without a TORII_HOME it gets a folder of its own, which is removed when it stops.
 */
export async function spawnDataPlane({ env = {} }: SpawnOptions): Promise<RunningDataPlane> {
  const home = await tempHome(env.TORII_HOME);
  const [app, fields] = await spawnApp('data-plane', 'data plane ready', {
    TORII_PROXY_PORT: '0',
    TORII_PROXY_HOST: '127.0.0.1',
    TORII_INTERNAL_PORT: '0',
    TORII_DATA_THREADS: '1',
    ...patience,
    ...env,
    TORII_HOME: home.folder,
  }).catch((error: unknown) => home.removeAndThrow(error));
  return {
    ...home.removedAfter(app),
    proxyUrl: `http://127.0.0.1:${String(fields.proxyPort)}`,
    internalUrl: `http://127.0.0.1:${String(fields.internalPort)}`,
    proxyPort: Number(fields.proxyPort),
    home: home.folder,
  };
}
