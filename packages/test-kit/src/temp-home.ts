import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SpawnedApp } from './spawned-app.js';

/** The state folder of a spawned app: the test's own, or one that goes when the app does. */
export interface TempHome {
  readonly folder: string;
  /** The same app, whose end also removes the folder. */
  removedAfter(app: SpawnedApp): SpawnedApp;
  removeAndThrow(error: unknown): Promise<never>;
}

export async function tempHome(given: string | undefined): Promise<TempHome> {
  const folder = given ?? (await mkdtemp(path.join(tmpdir(), 'torii-home-')));
  const remove = async (): Promise<void> => {
    if (given === undefined) await rm(folder, { recursive: true, force: true });
  };
  return {
    folder,
    removedAfter: (app) => ({
      pid: app.pid,
      logs: app.logs,
      async stop() {
        const code = await app.stop();
        await remove();
        return code;
      },
      async kill() {
        await app.kill();
        await remove();
      },
    }),
    async removeAndThrow(error) {
      await remove();
      throw error;
    },
  };
}
