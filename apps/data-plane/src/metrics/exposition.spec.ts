import { describe, expect, it } from '@jest/globals';
import { expositionOf } from './exposition.js';
import { add, cellOf, histogramOf, Meter, observe, outcomeIndexOf, raise, set } from './meter.js';
import { MetricMemory } from './metric-memory.js';

describe('the text of the metrics', () => {
  const rows = { plugin: 3, route: 3, upstream: 3 };
  const memory = MetricMemory.create(2, rows);
  // The second one as another thread has it.
  const meters = [new Meter(memory, 0), new Meter(new MetricMemory(memory.memory, rows), 1)] as const;

  it('adds counters and gauges of all threads up, takes the most of what is a maximum, and escapes labels', () => {
    for (const [index, meter] of meters.entries()) {
      const cells = meter.plugin(1);
      add(cells, 'plugin', 'torii_plugin_calls_total', 2, outcomeIndexOf('plugin.trapped'));
      add(cells, 'plugin', 'torii_plugin_calls_total', 1, outcomeIndexOf('no.such_code'));
      add(cells, 'plugin', 'torii_plugin_cpu_seconds_total', 0.25);
      raise(cells, cellOf('plugin', 'torii_plugin_memory_high_bytes'), index === 0 ? 700 : 300);
      raise(cells, cellOf('plugin', 'torii_plugin_memory_high_bytes'), 5);
      set(meter.node, 'node', 'torii_connections', 4);
    }
    const text = expositionOf(memory, { node: [[0, []]], route: [], plugin: [[1, ['default', 'a "b"\\\n']]], upstream: [] });
    const labels = 'workspace="default",plugin="a \\"b\\"\\\\\\n"';
    expect(text).toContain(`\ntorii_plugin_calls_total{${labels},outcome="plugin.trapped"} 4\n`);
    expect(text).toContain(`\ntorii_plugin_calls_total{${labels},outcome="other"} 2\n`);
    expect(text).not.toContain('outcome="ok"');
    expect(text).toContain(`\ntorii_plugin_cpu_seconds_total{${labels}} 0.5\n`);
    expect(text).toContain(`\ntorii_plugin_memory_high_bytes{${labels}} 700\n`);
    expect(text).toContain('\n# TYPE torii_connections gauge\ntorii_connections 8\n');
    expect(text.endsWith('\n')).toBe(true);
  });

  it('writes a histogram as cumulative buckets with a sum and a count', () => {
    for (const seconds of [0.001, 0.0011, 0.05, 99]) observe(meters[1].plugin(0), histogramOf('plugin', 'torii_plugin_queue_seconds'), seconds);
    const text = expositionOf(memory, { node: [], route: [], plugin: [[0, ['w', 'p']]], upstream: [] });
    const series = text.split('\n').filter((line) => line.startsWith('torii_plugin_queue_seconds'));
    expect(series.map((line) => line.replace('workspace="w",plugin="p"', ''))).toEqual([
      'torii_plugin_queue_seconds_bucket{,le="0.001"} 1',
      'torii_plugin_queue_seconds_bucket{,le="0.01"} 2',
      'torii_plugin_queue_seconds_bucket{,le="0.1"} 3',
      'torii_plugin_queue_seconds_bucket{,le="1"} 3',
      'torii_plugin_queue_seconds_bucket{,le="+Inf"} 4',
      'torii_plugin_queue_seconds_sum{} 99.0521',
      'torii_plugin_queue_seconds_count{} 4',
    ]);
  });

  it('counts rows beyond the last in the last', () => {
    add(meters[0].plugin(99), 'plugin', 'torii_plugin_http_calls_total', 1);
    add(meters[0].plugin(2), 'plugin', 'torii_plugin_http_calls_total', 1);
    const text = expositionOf(memory, { node: [], route: [], plugin: [[2, ['', '(others)']]], upstream: [] });
    expect(text).toContain('torii_plugin_http_calls_total{workspace="",plugin="(others)"} 2\n');
  });
});
