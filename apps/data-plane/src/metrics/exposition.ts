import { type MetricDefinition, type MetricScope, scopeLabels } from './definitions.js';
import { cellsOf, definitionsOf } from './layout.js';
import type { MetricMemory } from './metric-memory.js';

/** Which rows of a scope have series, and their labels' values. */
export type LabelledRows = Readonly<Record<MetricScope, readonly (readonly [row: number, values: readonly string[]])[]>>;

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The metrics of all threads together, in Prometheus' text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Values of a label that never occurred have no series.
 */
export function expositionOf(memory: MetricMemory, rows: LabelledRows): string {
  const lines: string[] = [];
  for (const scope of ['node', 'route', 'plugin', 'upstream'] as const) {
    const taken = rows[scope].map(([row, values]) => ({ labels: pairs(scopeLabels[scope], values), cells: cellsOfAllThreads(memory, scope, row) }));
    if (taken.length === 0) continue;
    let offset = 0;
    for (const [name, definition] of definitionsOf(scope)) {
      lines.push(`# HELP ${name} ${definition.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${definition.type}`);
      const end = offset + cellsOf(definition);
      for (const { labels, cells } of taken) addSeries(lines, name, definition, labels, cells.subarray(offset, end));
      offset = end;
    }
  }
  return `${lines.join('\n')}\n`;
}

function cellsOfAllThreads(memory: MetricMemory, scope: MetricScope, row: number): Float64Array {
  const isMaximum = maximumCells[scope];
  const result = new Float64Array(isMaximum.length);
  for (let thread = 0; thread < memory.threads; thread += 1) {
    const cells = memory.row(thread, scope, row);
    for (let cell = 0; cell < cells.length; cell += 1) {
      const value = cells[cell] ?? 0;
      const sofar = result[cell] ?? 0;
      result[cell] = isMaximum[cell] ? Math.max(sofar, value) : sofar + value;
    }
  }
  return result;
}

/** Which cells of a row are taken together as a maximum. */
const maximumCells: Readonly<Record<MetricScope, readonly boolean[]>> = {
  node: maximaOf('node'),
  route: maximaOf('route'),
  plugin: maximaOf('plugin'),
  upstream: maximaOf('upstream'),
};

function maximaOf(scope: MetricScope): boolean[] {
  return definitionsOf(scope).flatMap(([, definition]) => Array.from({ length: cellsOf(definition) }, () => definition.over === 'max'));
}

function addSeries(lines: string[], name: string, definition: MetricDefinition, labels: string, cells: Float64Array): void {
  const { buckets, label } = definition;
  if (buckets !== undefined) {
    addHistogram(lines, name, buckets, labels, cells);
  } else if (label === undefined) {
    lines.push(`${name}${braced(labels)} ${cells[0] ?? 0}`);
  } else {
    for (const [index, value] of label.values.entries()) {
      if (cells[index] !== 0) lines.push(`${name}${braced(labels, pairs([label.name], [value]))} ${cells[index] ?? 0}`);
    }
  }
}

function addHistogram(lines: string[], name: string, buckets: readonly number[], labels: string, cells: Float64Array): void {
  let count = 0;
  for (const [index, bound] of [...buckets.map(String), '+Inf'].entries()) {
    count += cells[index] ?? 0;
    lines.push(`${name}_bucket${braced(labels, `le="${bound}"`)} ${count}`);
  }
  lines.push(`${name}_sum${braced(labels)} ${cells[buckets.length + 1] ?? 0}`, `${name}_count${braced(labels)} ${count}`);
}

function pairs(names: readonly string[], values: readonly string[]): string {
  return names.map((name, index) => `${name}="${escaped(values[index] ?? '')}"`).join(',');
}

function braced(...labels: readonly string[]): string {
  const given = labels.filter((label) => label !== '');
  return given.length === 0 ? '' : `{${given.join(',')}}`;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
