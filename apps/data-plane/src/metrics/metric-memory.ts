import type { MetricScope } from './definitions.js';
import { layouts, type MetricRowCounts } from './layout.js';

/**
 * The counts of a node: one block of cells for each thread, in memory that all of them share. A thread adds to its own
 * block with plain stores; the main thread reads all blocks when it is asked. So counting costs a few nanoseconds, asking
 * disturbs nobody, and what a thread has counted outlives it.
 *
 * Cells are aligned doubles, which the processors we run on read and write whole.
 */
export class MetricMemory {
  private readonly cells: Float64Array<SharedArrayBuffer>;
  private readonly blockCells: number;

  static create(threads: number, rows: MetricRowCounts): MetricMemory {
    const bytes = threads * blockCellsOf(rows) * Float64Array.BYTES_PER_ELEMENT;
    return new MetricMemory(new SharedArrayBuffer(bytes), rows);
  }

  constructor(
    readonly memory: SharedArrayBuffer,
    readonly rows: MetricRowCounts,
  ) {
    this.cells = new Float64Array(memory);
    this.blockCells = blockCellsOf(rows);
  }

  get threads(): number {
    return this.cells.length / this.blockCells;
  }

  /** The cells of one thread's row; a row beyond the last is the last, which counts for all others. */
  row(thread: number, scope: MetricScope, row: number): Float64Array<SharedArrayBuffer> {
    const begin = thread * this.blockCells + this.offsetOf(scope, row);
    return this.cells.subarray(begin, begin + layouts[scope].width);
  }

  private offsetOf(scope: MetricScope, row: number): number {
    const { node, route, plugin, upstream } = layouts;
    switch (scope) {
      case 'node':
        return 0;
      case 'route':
        return node.width + Math.min(row, this.rows.route - 1) * route.width;
      case 'plugin':
        return node.width + this.rows.route * route.width + Math.min(row, this.rows.plugin - 1) * plugin.width;
      case 'upstream':
        return node.width + this.rows.route * route.width + this.rows.plugin * plugin.width + Math.min(row, this.rows.upstream - 1) * upstream.width;
    }
  }
}

function blockCellsOf(rows: MetricRowCounts): number {
  const { node, route, plugin, upstream } = layouts;
  return node.width + rows.route * route.width + rows.plugin * plugin.width + rows.upstream * upstream.width;
}
