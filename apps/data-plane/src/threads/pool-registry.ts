import type { Logger } from '@torii/service-kit';
import type { InstancePool } from '@torii/wasm-runtime';

interface Entry {
  readonly pool: InstancePool;
  users: number;
}

/** The pools of one thread by plugin version, each as long as a revision uses it. */
export class PoolRegistry {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly log: Logger) {}

  /** The pool of that version, opened when there is none; whoever retains it releases it once. */
  async retain(key: string, open: () => Promise<InstancePool>): Promise<InstancePool> {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      entry = { pool: await open(), users: 0 };
      this.entries.set(key, entry);
    }
    entry.users += 1;
    return entry.pool;
  }

  release(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.entries.delete(key);
    entry.pool.close().catch((error: unknown) => this.log.error({ err: error, pluginVersion: key }, 'pool failed to close'));
  }
}
