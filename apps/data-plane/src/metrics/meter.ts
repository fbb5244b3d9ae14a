import {
  attemptOutcomes,
  callOutcomes,
  type MetricDefinition,
  type MetricName,
  type MetricScope,
  metricDefinitions,
  statusClasses,
} from './definitions.js';
import { layouts } from './layout.js';
import type { MetricMemory } from './metric-memory.js';

type Row = Float64Array<SharedArrayBuffer>;

/** Counts in one thread's block. Every operation is a few stores, without allocating. */
export class Meter {
  readonly node: Row;
  private readonly rows = { route: [] as Row[], plugin: [] as Row[], upstream: [] as Row[] };

  constructor(
    private readonly memory: MetricMemory,
    private readonly thread: number,
  ) {
    this.node = memory.row(thread, 'node', 0);
  }

  route(row: number): Row {
    return this.cached('route', row);
  }

  plugin(row: number): Row {
    return this.cached('plugin', row);
  }

  upstream(row: number): Row {
    return this.cached('upstream', row);
  }

  /** The row of all targets that have none of their own. */
  get upstreamOthersRow(): number {
    return this.memory.rows.upstream - 1;
  }

  private cached(scope: 'route' | 'plugin' | 'upstream', row: number): Row {
    const index = Math.min(row, this.memory.rows[scope] - 1);
    const known = this.rows[scope][index];
    if (known !== undefined) return known;
    const cells = this.memory.row(this.thread, scope, index);
    this.rows[scope][index] = cells;
    return cells;
  }
}

/** Where a metric's first cell is within its row; `value` is the index of the label's value, where it has a label. */
export function cellOf<Scope extends MetricScope>(scope: Scope, name: MetricName<Scope>, value = 0): number {
  return layouts[scope].offsets[name] + value;
}

/** Adds to a counter. For the path of every request the cell is looked up beforehand: `bump`. */
export function add<Scope extends MetricScope>(cells: Row, scope: Scope, name: MetricName<Scope>, amount: number, value = 0): void {
  bump(cells, cellOf(scope, name, value), amount);
}

/** Sets a gauge. */
export function set<Scope extends MetricScope>(cells: Row, scope: Scope, name: MetricName<Scope>, amount: number, value = 0): void {
  cells[cellOf(scope, name, value)] = amount;
}

/** Adds to a cell. */
export function bump(cells: Row, cell: number, amount: number): void {
  cells[cell] = (cells[cell] ?? 0) + amount;
}

/** Raises a cell that only rises. */
export function raise(cells: Row, cell: number, amount: number): void {
  if (amount > (cells[cell] ?? 0)) cells[cell] = amount;
}

/** Where a histogram is within its row, and its bounds. */
export interface HistogramCells {
  readonly first: number;
  readonly bounds: readonly number[];
}

export function histogramOf<Scope extends MetricScope>(scope: Scope, name: MetricName<Scope>): HistogramCells {
  const definitions: Readonly<Record<string, MetricDefinition>> = metricDefinitions[scope];
  return { first: cellOf(scope, name), bounds: definitions[name]?.buckets ?? [] };
}

/** Counts a time in a histogram. */
export function observe(cells: Row, { first, bounds }: HistogramCells, seconds: number): void {
  let bucket = 0;
  while (bucket < bounds.length && seconds > (bounds[bucket] ?? 0)) bucket += 1;
  bump(cells, first + bucket, 1);
  bump(cells, first + bounds.length + 1, seconds);
}

const outcomeIndexes = new Map<string, number>(callOutcomes.map((outcome, index) => [outcome, index]));
const otherOutcome = callOutcomes.length - 1;

/** The label's value for what became of a call: an error's code, or undefined when it went well. */
export function outcomeIndexOf(code: string | undefined): number {
  return code === undefined ? 0 : (outcomeIndexes.get(code) ?? otherOutcome);
}

const attemptIndexes = new Map<string, number>(attemptOutcomes.map((outcome, index) => [outcome, index]));
const otherAttempt = attemptOutcomes.length - 1;

/** The label's value for what became of a request at a target: an error's code, or else the class of the status. */
export function attemptIndexOf(code: string | undefined, status: number | undefined): number {
  const outcome = code ?? (status === undefined ? undefined : statusClasses[statusIndexOf(status)]);
  return attemptIndexes.get(outcome ?? '') ?? otherAttempt;
}

export function statusIndexOf(status: number): number {
  return Math.min(statusClasses.length, Math.max(1, Math.floor(status / 100))) - 1;
}
