import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort, type LocalRedis, type RedisKind, startRedis } from '@torii/local-infra';

/** A Redis for one test file, for tests that take it away. */
export interface OwnRedis {
  readonly url: string;
  readonly port: number;
  /** On the same port, with the data it had unless that was thrown away. Does nothing while it runs. */
  start(): Promise<void>;
  /** Does nothing while it is stopped. With `loseData` the next start is empty. */
  stop(options?: { loseData?: boolean }): Promise<void>;
}

/**
 * Starts the embedded Valkey on a port of its own, its data in the run's folder for temporary files. The caller stops it.
 * What the embedded one cannot do, replication, needs a `native` one; throws where there is none.
 */
export async function startOwnRedis({ kind = 'wasm' }: { readonly kind?: RedisKind } = {}): Promise<OwnRedis> {
  const port = await freePort();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'torii-redis-'));
  let running: LocalRedis | undefined;
  const own: OwnRedis = {
    url: `redis://127.0.0.1:${port}`,
    port,
    async start() {
      running ??= await startRedis({ dataDir, port, kind });
    },
    async stop({ loseData = false } = {}) {
      await running?.stop();
      running = undefined;
      if (loseData) await rm(dataDir, { recursive: true, force: true });
    },
  };
  await own.start();
  return own;
}
