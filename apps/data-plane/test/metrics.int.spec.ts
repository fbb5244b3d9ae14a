import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

describe('the metrics of a node', () => {
  const node = new TestNode();
  beforeAll(() => node.start({ TORII_DATA_THREADS: '2', TORII_METRICS_MAX_SERIES: '2' }));
  afterAll(() => node.stop());

  async function metrics(): Promise<Map<string, number>> {
    const response = await fetch(`${node.internalUrl}/metrics`);
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
  }

  const call = async (path: string, init: RequestInit = {}): Promise<number> => {
    const response = await fetch(`${node.proxyUrl}${path}`, { ...init, headers: { connection: 'close' } });
    await response.arrayBuffer();
    return response.status;
  };

  it('are there before the first configuration', async () => {
    const values = await metrics();
    expect(values.get('torii_revision')).toBe(0);
    expect(values.get('torii_threads{state="serving"}')).toBe(2);
    expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('count the calls of a plugin on all threads together, by what became of them, and never less than before', async () => {
    const echo = aPlugin(node.artifacts.add(await guest('echo')), { name: 'echo' });
    const trap = aPlugin(node.artifacts.add(await guest('trap')), { name: 'trap' });
    await node.apply([echo, trap], [aRoute(echo, '/echo'), aRoute(trap, '/trap')]);
    for (let request = 0; request < 20; request += 1) expect(await call('/echo', { method: 'POST', body: 'ten bytes.' })).toBe(200);
    for (let request = 0; request < 3; request += 1) expect(await call('/trap')).toBe(502);
    await call('/nowhere');
    const values = await eventually(async () => {
      const now = await metrics();
      // Carried over from the pools twice a second.
      expect(now.get('torii_plugin_traps_total{workspace="default",plugin="trap"}')).toBe(3);
      expect(now.get('torii_plugin_cpu_seconds_total{workspace="default",plugin="echo"}')).toBeGreaterThan(0);
      expect(now.get('torii_plugin_instances_created_total{workspace="default",plugin="echo"}')).toBeGreaterThanOrEqual(2);
      const echoOf = (name: string, label = ''): number | undefined => now.get(`${name}{workspace="default",plugin="echo"${label}}`);
      expect(echoOf('torii_plugin_calls_total', ',outcome="ok"')).toBe(20);
      expect(echoOf('torii_plugin_call_seconds_count')).toBe(20);
      expect(echoOf('torii_plugin_call_seconds_bucket', ',le="+Inf"')).toBe(20);
      expect(echoOf('torii_plugin_request_bytes_total')).toBe(200);
      expect(echoOf('torii_plugin_host_calls_total')).toBe(0);
      expect(echoOf('torii_plugin_memory_high_bytes')).toBeGreaterThan(0);
      expect(echoOf('torii_plugin_prepares_total', ',source="rewritten"')).toBe(1);
      expect(now.get('torii_plugin_calls_total{workspace="default",plugin="trap",outcome="plugin.trapped"}')).toBe(3);
      expect(now.get('torii_errors_total{code="routing.no_route"}')).toBe(1);
      expect(now.get('torii_requests_total{workspace="default",route="route-echo",status="2xx"}')).toBe(20);
      expect(now.get('torii_requests_total{workspace="",route="",status="4xx"}')).toBe(1);
      expect(now.get('torii_requests_in_flight')).toBe(0);
      expect(now.get('torii_revision')).toBe(node.revision);
      return now;
    });
    await call('/echo', { method: 'POST', body: 'x' });
    const later = await metrics();
    for (const [series, value] of values) if (/_(total|count|sum|bucket)/.test(series)) expect(later.get(series)).toBeGreaterThanOrEqual(value);
  });

  it('count plugins together that are beyond the bound, so that there are never more series than that', async () => {
    const sha = node.artifacts.add(await guest('hello'));
    const plugins = Array.from({ length: 6 }, (_, index) => aPlugin(sha, { name: `hello-${index}` }));
    await node.apply(
      plugins,
      plugins.map((plugin) => aRoute(plugin, `/${plugin.name}`)),
    );
    for (const plugin of plugins) expect(await call(`/${plugin.name}`)).toBe(200);
    const { values, calls } = await eventually(async () => {
      const now = await metrics();
      const counted = [...now].filter(([series]) => series.startsWith('torii_plugin_calls_total{') && /hello-|others/.test(series));
      expect(counted.reduce((sum, [, value]) => sum + value, 0)).toBe(6);
      return { values: now, calls: counted };
    });
    expect(calls.length).toBeLessThanOrEqual(3);
    expect(values.get('torii_plugin_calls_total{workspace="",plugin="(others)",outcome="ok"}')).toBeGreaterThanOrEqual(4);
  });

  it('say that a configuration was refused, until one is applied', async () => {
    const bad = aPlugin(node.artifacts.add(await guest('hello')), { name: 'bad', functionName: 'missing' });
    await node.publish([bad], [aRoute(bad, '/bad')]);
    await eventually(async () => expect((await metrics()).get('torii_configuration_rejected')).toBe(1));
    const good = aPlugin(node.artifacts.add(await guest('hello')), { name: 'good' });
    await node.apply([good], [aRoute(good, '/good')]);
    await eventually(async () => expect((await metrics()).get('torii_configuration_rejected')).toBe(0));
  });
});
