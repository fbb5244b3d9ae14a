import type { Logger } from '@torii/service-kit';
import type { InstancePool } from '@torii/wasm-runtime';

interface Opened<Pool> {
  readonly pool: Pool;
  readonly unwatch: () => void;
}

interface Entry<Pool> {
  readonly row: number;
  readonly opening: Promise<Opened<Pool>>;
  /** Undefined until it is open. */
  opened: Opened<Pool> | undefined;
  users: number;
}

export interface PoolRegistryDeps<Pool> {
  /** Called for each pool that is opened; what it answers is called once, before the pool closes. */
  readonly watch: (pool: Pool, row: number) => () => void;
  readonly log: Logger;
}

/** The pools of one thread by plugin version, each as long as a revision uses it. */
export class PoolRegistry<Pool extends Pick<InstancePool, 'close' | 'confine'> = InstancePool> {
  private readonly entries = new Map<string, Entry<Pool>>();

  constructor(private readonly deps: PoolRegistryDeps<Pool>) {}

  /**
   * The pool of that version, opened when there is none, once however many ask for it meanwhile; whoever retains it releases
   * it once. Rejects with what `open` rejects with.
   */
  async retain(key: string, row: number, open: () => Promise<Pool>): Promise<Pool> {
    const entry = this.entries.get(key) ?? this.add(key, row, open);
    entry.users += 1;
    const { pool } = await entry.opening;
    return pool;
  }

  /** Puts every version of the plugin in that row under quarantine, `times` times over: each time it lasts longer. */
  confine(row: number, times: number): void {
    for (const entry of this.entries.values()) {
      for (let time = 0; entry.row === row && time < times; time += 1) entry.opened?.pool.confine();
    }
  }

  release(key: string): void {
    const entry = this.entries.get(key);
    if (entry?.opened === undefined) return;
    entry.users -= 1;
    if (entry.users > 0) return;
    this.entries.delete(key);
    const { pool, unwatch } = entry.opened;
    pool
      .close()
      .catch((error: unknown) => this.deps.log.error({ err: error, pluginVersion: key }, 'pool failed to close'))
      .finally(unwatch);
  }

  private add(key: string, row: number, open: () => Promise<Pool>): Entry<Pool> {
    const opening = open().then(
      (pool) => {
        entry.opened = { pool, unwatch: this.deps.watch(pool, row) };
        return entry.opened;
      },
      (error: unknown) => {
        this.entries.delete(key);
        throw error;
      },
    );
    const entry: Entry<Pool> = { row, opening, opened: undefined, users: 0 };
    this.entries.set(key, entry);
    return entry;
  }
}
