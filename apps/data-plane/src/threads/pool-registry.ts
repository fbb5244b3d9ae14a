import type { Logger } from '@torii/service-kit';
import type { InstancePool } from '@torii/wasm-runtime';

interface Entry {
  readonly pool: InstancePool;
  readonly row: number;
  readonly unwatch: () => void;
  users: number;
}

export interface PoolRegistryDeps {
  /** Called for each pool that is opened; what it answers is called once, before the pool closes. */
  readonly watch: (pool: InstancePool, row: number) => () => void;
  readonly log: Logger;
}

/** The pools of one thread by plugin version, each as long as a revision uses it. */
export class PoolRegistry {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly deps: PoolRegistryDeps) {}

  /** The pool of that version, opened when there is none; whoever retains it releases it once. */
  async retain(key: string, row: number, open: () => Promise<InstancePool>): Promise<InstancePool> {
    let entry = this.entries.get(key);
    if (entry === undefined) {
      const pool = await open();
      entry = { pool, row, unwatch: this.deps.watch(pool, row), users: 0 };
      this.entries.set(key, entry);
    }
    entry.users += 1;
    return entry.pool;
  }

  /** Puts every version of the plugin in that row under quarantine, `times` times over: each time it lasts longer. */
  confine(row: number, times: number): void {
    for (const entry of this.entries.values()) {
      for (let time = 0; entry.row === row && time < times; time += 1) entry.pool.confine();
    }
  }

  release(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.entries.delete(key);
    entry.pool
      .close()
      .catch((error: unknown) => this.deps.log.error({ err: error, pluginVersion: key }, 'pool failed to close'))
      .finally(entry.unwatch);
  }
}
