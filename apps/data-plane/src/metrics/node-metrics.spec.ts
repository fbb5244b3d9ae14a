import { describe, expect, it } from '@jest/globals';
import type { SnapshotPlugin } from '@torii/contracts';
import { add, cellOf, Meter, raise, set } from './meter.js';
import { NodeMetrics } from './node-metrics.js';

const gauges = { threadsServing: 1, threadsSpare: 0, revision: 7, isRejected: false, isRedisConnected: true };
const plugin = (name: string): SnapshotPlugin => ({ id: `pl_${name}`, workspace: 'default', name }) as SnapshotPlugin;

describe('NodeMetrics', () => {
  it('keeps what a thread counted when it is gone, and forgets what it had', () => {
    const metrics = new NodeMetrics({ threads: 2, maxSeries: 5, requestTimeoutMs: 1_000 });
    const { pluginRows } = metrics.rowsFor({ plugins: [plugin('a')], routes: [] });
    for (const thread of [0, 1]) {
      const meter = new Meter(metrics.memory, thread);
      set(meter.node, 'node', 'torii_connections', 10);
      const cells = meter.plugin(pluginRows[0] ?? 0);
      add(cells, 'plugin', 'torii_plugin_calls_total', 3);
      set(cells, 'plugin', 'torii_plugin_waiting', 2);
      raise(cells, cellOf('plugin', 'torii_plugin_memory_high_bytes'), 100);
    }
    metrics.threadGone(1);
    const text = metrics.text(gauges);
    expect(text).toContain('\ntorii_connections 10\n');
    expect(text).toContain('\ntorii_plugin_waiting{workspace="default",plugin="a"} 2\n');
    expect(text).toContain('\ntorii_plugin_calls_total{workspace="default",plugin="a",outcome="ok"} 6\n');
    expect(text).toContain('\ntorii_plugin_memory_high_bytes{workspace="default",plugin="a"} 100\n');
    expect(text).toContain('\ntorii_revision 7\n');
  });

  it('counts lost threads by reason, and against the plugin that ran', () => {
    const metrics = new NodeMetrics({ threads: 1, maxSeries: 5, requestTimeoutMs: 1_000 });
    const { pluginRows } = metrics.rowsFor({ plugins: [plugin('a')], routes: [] });
    metrics.threadLost({ thread: 0, reason: 'silent', pluginRow: pluginRows[0] });
    metrics.threadLost({ thread: 0, reason: 'ended', pluginRow: undefined });
    const text = metrics.text(gauges);
    expect(text).toContain('\ntorii_thread_losses_total{reason="silent"} 1\ntorii_thread_losses_total{reason="ended"} 1\n');
    expect(text).toContain('\ntorii_plugin_thread_losses_total{workspace="default",plugin="a"} 1\n');
    expect(metrics.pluginOf(pluginRows[0] ?? 0)?.name).toBe('a');
  });

  it('gives the row of a plugin that may have cost a thread to nobody else as long as that is held against it', () => {
    const metrics = new NodeMetrics({ threads: 1, maxSeries: 5, requestTimeoutMs: 1 });
    const { pluginRows } = metrics.rowsFor({ plugins: [plugin('a')], routes: [] });
    metrics.retainOnly({ plugins: [], routes: [] });
    const soonMs = performance.now() + 20;
    while (performance.now() < soonMs); // longer than requests may take
    expect(metrics.rowsFor({ plugins: [plugin('b')], routes: [] }).pluginRows).not.toEqual(pluginRows);
  });

  it('has one series for each name, also while a plugin waits to take the name of another', () => {
    const metrics = new NodeMetrics({ threads: 1, maxSeries: 5, requestTimeoutMs: 1 });
    metrics.rowsFor({ plugins: [plugin('a')], routes: [] });
    metrics.rowsFor({ plugins: [{ ...plugin('a'), id: 'pl_another' as SnapshotPlugin['id'] }], routes: [] });
    const series = metrics.text(gauges).match(/^torii_plugin_waiting\{workspace="default",plugin="a"\}/gm);
    expect(series).toHaveLength(1);
  });
});
