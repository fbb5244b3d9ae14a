import { type MetricDefinition, type MetricName, type MetricScope, metricDefinitions } from './definitions.js';

/** How many rows a node counts routes, plugins and targets in, the one for all others included. */
export interface MetricRowCounts {
  readonly route: number;
  readonly plugin: number;
  readonly upstream: number;
}

type Offsets<Scope extends MetricScope> = Readonly<Record<MetricName<Scope>, number>>;

/** Where each metric of a scope begins within a row, and how many cells a row has. */
export interface RowLayout<Scope extends MetricScope> {
  readonly offsets: Offsets<Scope>;
  readonly width: number;
}

export const layouts: { readonly [Scope in MetricScope]: RowLayout<Scope> } = {
  node: layoutOf('node'),
  route: layoutOf('route'),
  plugin: layoutOf('plugin'),
  upstream: layoutOf('upstream'),
};

/** A histogram has a cell for each bucket, for what is beyond the last, and for the sum. */
export function cellsOf({ buckets, label }: MetricDefinition): number {
  if (buckets !== undefined) return buckets.length + 2;
  return label?.values.length ?? 1;
}

export function definitionsOf(scope: MetricScope): [string, MetricDefinition][] {
  return Object.entries(metricDefinitions[scope]);
}

function layoutOf<Scope extends MetricScope>(scope: Scope): RowLayout<Scope> {
  const offsets: Record<string, number> = {};
  let width = 0;
  for (const [name, definition] of definitionsOf(scope)) {
    offsets[name] = width;
    width += cellsOf(definition);
  }
  return { offsets: offsets as Offsets<Scope>, width };
}
