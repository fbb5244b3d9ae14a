import { pluginVersionKey, type SnapshotPlugin, type SnapshotRoute, upstreamOf } from '@torii/contracts';
import type { Preparation } from '../config/module-compiler.js';
import type { ThreadLoss } from '../threads/live-thread.js';
import { forgivenAfterMs } from '../threads/suspects.js';
import type { MetricScope } from './definitions.js';
import { expositionOf, type LabelledRows } from './exposition.js';
import { cellsOf, definitionsOf, layouts, type MetricRowCounts } from './layout.js';
import { add, Meter, set } from './meter.js';
import { MetricMemory } from './metric-memory.js';
import { type RowOwner, RowTable } from './row-table.js';

export interface NodeMetricsOptions {
  /** Blocks for data threads; one more is for the main thread. */
  readonly threads: number;
  /** Plugins, routes, and targets of upstreams, that are counted each on its own; the others are counted together. */
  readonly maxSeries: number;
  /** How long a request may be under way (ms). */
  readonly requestTimeoutMs: number;
}

/** What is looked up when the metrics are asked for. */
export interface NodeGauges {
  readonly threadsServing: number;
  readonly threadsSpare: number;
  readonly revision: number;
  readonly isRejected: boolean;
  readonly isRedisConnected: boolean;
}

interface Configured {
  readonly plugins: readonly SnapshotPlugin[];
  readonly routes: readonly SnapshotRoute[];
}

/** Where what a configuration has is counted: plugins and routes in their order, targets by their URLs. */
export interface ConfiguredRows {
  readonly pluginRows: number[];
  readonly routeRows: number[];
  readonly upstreamRows: ReadonlyMap<string, number>;
}

/** Cannot be the name of anything. */
const others = '(others)';
/** A gauge that is kept as a record after its thread has gone. */
const records: ReadonlySet<string> = new Set(['torii_plugin_memory_high_bytes']);
const threadStates = { serving: 0, spare: 1 } as const;
const lossReasons = { silent: 0, ended: 1 } as const;
const prepareSources = { disk: 0, rewritten: 1 } as const;

/** The metrics of a node, as its main thread keeps them: who is counted where, and the text of it all. */
export class NodeMetrics {
  readonly memory: MetricMemory;
  private readonly meter: Meter;
  private readonly plugins: RowTable;
  private readonly routes: RowTable;
  private readonly upstreams: RowTable;

  constructor({ threads, maxSeries, requestTimeoutMs }: NodeMetricsOptions) {
    const rows: MetricRowCounts = { plugin: maxSeries + 1, route: maxSeries + 2, upstream: maxSeries + 1 };
    this.memory = MetricMemory.create(threads + 1, rows);
    this.meter = new Meter(this.memory, threads);
    const restMs = Math.max(2 * requestTimeoutMs, forgivenAfterMs);
    this.plugins = new RowTable({ rows: rows.plugin, restMs, clear: (row) => this.clearRow('plugin', row) });
    this.routes = new RowTable({ rows: rows.route, restMs, hasNobodysRow: true, clear: (row) => this.clearRow('route', row) });
    this.upstreams = new RowTable({ rows: rows.upstream, restMs, clear: (row) => this.clearRow('upstream', row) });
  }

  /** Rows for what this configuration has, in its order. */
  rowsFor({ plugins, routes }: Configured): ConfiguredRows {
    const targets = targetsOf(routes);
    const rows = this.upstreams.assign(targets);
    return {
      pluginRows: this.plugins.assign(plugins),
      routeRows: this.routes.assign(routes),
      upstreamRows: new Map(targets.map(({ id }, index) => [id, rows[index] ?? this.upstreams.othersRow])),
    };
  }

  /** Rows for a draft: those of its plugins, and the one that routes share which have none of their own. */
  rowsForDraft(plugins: readonly SnapshotPlugin[], unsaved: ReadonlySet<string>): { readonly pluginRows: number[]; readonly routeRow: number } {
    const rows = plugins.map((plugin) => (unsaved.has(pluginVersionKey(plugin)) ? [this.plugins.othersRow] : this.plugins.assign([plugin])));
    return { pluginRows: rows.flat(), routeRow: this.routes.othersRow };
  }

  /** To be called when this configuration is active: the rows of what it does not have are free for others after a while. */
  retainOnly({ plugins, routes }: Configured): void {
    this.plugins.retainOnly(plugins);
    this.routes.retainOnly(routes);
    this.upstreams.retainOnly(targetsOf(routes));
  }

  /** The name of the plugin that is counted in this row; undefined for one that shares its row. */
  pluginOf(row: number): { readonly id: string; readonly workspace: string; readonly name: string } | undefined {
    return this.plugins.ownerOf(row);
  }

  prepared({ plugin, durationMs, isFromDisk, isSaved }: Preparation): void {
    const [row = this.plugins.othersRow] = isSaved ? this.plugins.assign([plugin]) : [];
    const cells = this.meter.plugin(row);
    add(cells, 'plugin', 'torii_plugin_prepares_total', 1, isFromDisk ? prepareSources.disk : prepareSources.rewritten);
    add(cells, 'plugin', 'torii_plugin_prepare_seconds_total', durationMs / 1000);
  }

  threadLost({ reason, pluginRow }: ThreadLoss): void {
    add(this.meter.node, 'node', 'torii_thread_losses_total', 1, lossReasons[reason]);
    if (pluginRow !== undefined) add(this.meter.plugin(pluginRow), 'plugin', 'torii_plugin_thread_losses_total', 1);
  }

  /** What a thread had is gone with it; what it counted stays. */
  threadGone(thread: number): void {
    for (const [scope, rows] of [
      ['node', 1],
      ['route', this.memory.rows.route],
      ['plugin', this.memory.rows.plugin],
      ['upstream', this.memory.rows.upstream],
    ] as const) {
      const gauges = gaugeCells(scope);
      for (let row = 0; row < rows; row += 1) {
        const cells = this.memory.row(thread, scope, row);
        for (const cell of gauges) cells[cell] = 0;
      }
    }
  }

  /** All metrics in Prometheus' text format. */
  text(gauges: NodeGauges): string {
    const { node } = this.meter;
    set(node, 'node', 'torii_threads', gauges.threadsServing, threadStates.serving);
    set(node, 'node', 'torii_threads', gauges.threadsSpare, threadStates.spare);
    set(node, 'node', 'torii_revision', gauges.revision);
    set(node, 'node', 'torii_configuration_rejected', gauges.isRejected ? 1 : 0);
    set(node, 'node', 'torii_redis_connected', gauges.isRedisConnected ? 1 : 0);
    const { user, system } = process.cpuUsage();
    set(node, 'node', 'process_cpu_seconds_total', (user + system) / 1e6);
    set(node, 'node', 'process_resident_memory_bytes', process.memoryUsage.rss());
    set(node, 'node', 'process_start_time_seconds', performance.timeOrigin / 1000);
    return expositionOf(this.memory, this.labelledRows());
  }

  private labelledRows(): LabelledRows {
    return {
      node: [[0, []]],
      route: [[0, ['', '']], ...labelled(this.routes)],
      plugin: labelled(this.plugins),
      upstream: [...[...this.upstreams.owned()].map(([row, { name }]): [number, string[]] => [row, [name]]), [this.upstreams.othersRow, [others]]],
    };
  }

  private clearRow(scope: MetricScope, row: number): void {
    for (let thread = 0; thread < this.memory.threads; thread += 1) this.memory.row(thread, scope, row).fill(0);
  }
}

/** The targets of all upstreams, each once: they are known by their URLs, whichever routes go there. */
function targetsOf(routes: readonly SnapshotRoute[]): RowOwner[] {
  const urls = new Set(routes.flatMap(({ target }) => upstreamOf(target)?.targets.map(({ url }) => url) ?? []));
  return [...urls].map((url) => ({ id: url, workspace: '', name: url }));
}

function labelled(table: RowTable): [number, string[]][] {
  const rows = new Map<string, [number, string[]]>();
  for (const [row, { workspace, name }] of table.owned()) {
    const labels = `${workspace}/${name}`;
    // Two may have one name until a configuration that gives it to another is active: the first one is.
    if (!rows.has(labels)) rows.set(labels, [row, [workspace, name]]);
  }
  return [...rows.values(), [table.othersRow, ['', others]]];
}

function gaugeCells(scope: MetricScope): number[] {
  const offsets: Readonly<Record<string, number>> = layouts[scope].offsets;
  return definitionsOf(scope).flatMap(([name, definition]) => {
    if (definition.type !== 'gauge' || records.has(name)) return [];
    return Array.from({ length: cellsOf(definition) }, (_, index) => (offsets[name] ?? 0) + index);
  });
}
