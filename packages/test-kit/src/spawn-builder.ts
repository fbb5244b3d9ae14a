import { sharedGoSeeds } from './shared-go-seeds.js';
import { type SpawnedApp, type SpawnOptions, spawnApp } from './spawned-app.js';
import { tempHome } from './temp-home.js';

export interface RunningBuilder extends SpawnedApp {
  /** Of health, metrics and runs, without a slash at the end. */
  readonly internalUrl: string;
  readonly home: string;
}

/**
 * Starts a builder on a free port of 127.0.0.1. `env` must hold REDIS_URL, TORII_CONTROL_PLANE_URL and, unless it shares
 * the control plane's TORII_HOME, TORII_NODE_TOKEN.
 *
 * Without a TORII_HOME it gets a folder of its own, which is removed when it stops.
 */
export async function spawnBuilder({ env = {} }: SpawnOptions): Promise<RunningBuilder> {
  const home = await tempHome(env.TORII_HOME);
  const [app, fields] = await spawnApp('builder', 'builder ready', {
    TORII_BUILDER_PORT: '0',
    TORII_EGRESS_CONNECT_TIMEOUT_MS: '20000', // a machine that runs all tests at once may keep it waiting
    TORII_RUN_START_TIMEOUT_MS: '60000',
    TORII_RUN_QUEUE_WAIT_MS: '60000',
    TORII_BUILD_TIMEOUT_MS: '600000',
    TORII_BUILD_GO_SEEDS: sharedGoSeeds(),
    ...env,
    TORII_HOME: home.folder,
  }).catch((error: unknown) => home.removeAndThrow(error));
  return { ...home.removedAfter(app), internalUrl: `http://127.0.0.1:${String(fields.port)}`, home: home.folder };
}
