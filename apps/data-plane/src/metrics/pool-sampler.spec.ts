import { describe, expect, it } from '@jest/globals';
import type { PoolStats } from '@torii/wasm-runtime';
import { Meter } from './meter.js';
import { NodeMetrics } from './node-metrics.js';
import { PoolSampler } from './pool-sampler.js';

const gauges = { threadsServing: 1, threadsSpare: 0, revision: 1, isRejected: false, isRedisConnected: true };
const stats: PoolStats = {
  idle: 3,
  leased: 1,
  waiting: 2,
  created: 4,
  instantiateMs: 10,
  evicted: 0,
  recycled: 0,
  traps: 0,
  kills: 0,
  quarantines: 0,
  cpuMs: 5,
  hostCalls: 0,
  hostMs: 0,
  hostBytes: 0,
  httpCalls: 0,
};

describe('PoolSampler', () => {
  it('shows no instances of pools that are closed, and keeps what they counted', () => {
    const metrics = new NodeMetrics({ threads: 1, maxSeries: 1, requestTimeoutMs: 1_000 });
    const sampler = new PoolSampler(new Meter(metrics.memory, 0));
    const others = 1;
    const unwatch = sampler.watch({ stats }, others);
    sampler.sample();
    expect(metrics.text(gauges)).toContain('\ntorii_plugin_instances{workspace="",plugin="(others)",state="idle"} 3\n');
    unwatch();
    sampler.sample();
    const text = metrics.text(gauges);
    expect(text).not.toContain('\ntorii_plugin_instances{');
    expect(text).toContain('\ntorii_plugin_waiting{workspace="",plugin="(others)"} 0\n');
    expect(text).toContain('\ntorii_plugin_instances_created_total{workspace="",plugin="(others)"} 4\n');
  });
});
