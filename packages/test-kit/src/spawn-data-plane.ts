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
 * Starts a node with one data thread on free ports of 127.0.0.1. `env` must hold REDIS_URL, TORII_CONTROL_PLANE_URL
 * and, unless it shares the control plane's TORII_HOME, TORII_NODE_TOKEN.
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
