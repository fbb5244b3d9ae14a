import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type SpawnedApp, type SpawnOptions, spawnApp } from './spawned-app.js';
import { tempHome } from './temp-home.js';

export interface RunningControlPlane extends SpawnedApp {
  /** Of the admin API, without a slash at the end. */
  readonly url: string;
  /** The key made at first boot. */
  readonly adminKey: string;
  readonly home: string;
}

/**
 * Starts a control plane on a free port of 127.0.0.1. `env` must hold DATABASE_URL and REDIS_URL.
 *
 * Without a TORII_HOME it gets a folder of its own, which is removed when it stops.
 */
export async function spawnControlPlane({ env = {} }: SpawnOptions): Promise<RunningControlPlane> {
  const home = await tempHome(env.TORII_HOME);
  const [app, fields] = await spawnApp('control-plane', 'control plane ready', {
    TORII_ADMIN_PORT: '0',
    TORII_ADMIN_HOST: '127.0.0.1',
    ...env,
    TORII_HOME: home.folder,
  }).catch((error: unknown) => home.removeAndThrow(error));
  return {
    ...home.removedAfter(app),
    url: `http://127.0.0.1:${String(fields.port)}`,
    adminKey: (await readFile(path.join(home.folder, 'admin-key'), 'utf8')).trim(),
    home: home.folder,
  };
}
