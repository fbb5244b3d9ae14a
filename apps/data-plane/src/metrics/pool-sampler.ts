import type { InstancePool, PoolStats } from '@torii/wasm-runtime';
import { add, type Meter, set } from './meter.js';

type Counted = Pick<InstancePool, 'stats'>;

interface Sampled {
  readonly pool: Counted;
  readonly row: number;
  last: PoolStats;
}

/** Carries what the pools of a thread count over to its metrics: what they have now, and by how much their counts have risen. */
export class PoolSampler {
  private readonly pools = new Set<Sampled>();
  /** Rows that were shown to have instances. */
  private shown: readonly number[] = [];

  constructor(private readonly meter: Meter) {}

  /** From now on; answers how to end it, which takes the last sample. */
  watch(pool: Counted, row: number): () => void {
    const sampled = { pool, row, last: nothing };
    this.pools.add(sampled);
    return () => {
      this.carryOver(sampled);
      this.pools.delete(sampled);
    };
  }

  sample(): void {
    let idle = 0;
    let leased = 0;
    const rows = new Map(this.shown.map((row) => [row, { idle: 0, leased: 0, waiting: 0 }]));
    for (const sampled of this.pools) {
      const stats = this.carryOver(sampled);
      idle += stats.idle;
      leased += stats.leased;
      const sum = rows.get(sampled.row) ?? { idle: 0, leased: 0, waiting: 0 };
      rows.set(sampled.row, { idle: sum.idle + stats.idle, leased: sum.leased + stats.leased, waiting: sum.waiting + stats.waiting });
    }
    set(this.meter.node, 'node', 'torii_instances', idle, 0);
    set(this.meter.node, 'node', 'torii_instances', leased, 1);
    this.shown = [...rows].filter(([, sum]) => sum.idle + sum.leased + sum.waiting > 0).map(([row]) => row);
    for (const [row, sum] of rows) {
      const cells = this.meter.plugin(row);
      set(cells, 'plugin', 'torii_plugin_instances', sum.idle, 0);
      set(cells, 'plugin', 'torii_plugin_instances', sum.leased, 1);
      set(cells, 'plugin', 'torii_plugin_waiting', sum.waiting);
    }
  }

  private carryOver(sampled: Sampled): PoolStats {
    const { stats } = sampled.pool;
    const { last } = sampled;
    const cells = this.meter.plugin(sampled.row);
    add(cells, 'plugin', 'torii_plugin_cpu_seconds_total', (stats.cpuMs - last.cpuMs) / 1000);
    add(cells, 'plugin', 'torii_plugin_host_calls_total', stats.hostCalls - last.hostCalls);
    add(cells, 'plugin', 'torii_plugin_host_seconds_total', (stats.hostMs - last.hostMs) / 1000);
    add(cells, 'plugin', 'torii_plugin_host_bytes_total', stats.hostBytes - last.hostBytes);
    add(cells, 'plugin', 'torii_plugin_http_calls_total', stats.httpCalls - last.httpCalls);
    add(cells, 'plugin', 'torii_plugin_instances_created_total', stats.created - last.created);
    add(cells, 'plugin', 'torii_plugin_instantiate_seconds_total', (stats.instantiateMs - last.instantiateMs) / 1000);
    add(cells, 'plugin', 'torii_plugin_instances_ended_total', stats.evicted - last.evicted);
    add(cells, 'plugin', 'torii_plugin_instances_recycled_total', stats.recycled - last.recycled);
    add(cells, 'plugin', 'torii_plugin_traps_total', stats.traps - last.traps);
    add(cells, 'plugin', 'torii_plugin_kills_total', stats.kills - last.kills);
    add(cells, 'plugin', 'torii_plugin_quarantines_total', stats.quarantines - last.quarantines);
    sampled.last = stats;
    return stats;
  }
}

const nothing: PoolStats = {
  idle: 0,
  leased: 0,
  waiting: 0,
  created: 0,
  instantiateMs: 0,
  evicted: 0,
  recycled: 0,
  traps: 0,
  kills: 0,
  quarantines: 0,
  cpuMs: 0,
  hostCalls: 0,
  hostMs: 0,
  hostBytes: 0,
  httpCalls: 0,
};
