import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { SnapshotPlugin } from '@torii/contracts';
import { compileWat, eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

const pluginCount = 60;

/** Starts only where it is configured with a `k`. */
const wantsConfig = `(module
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
  (import "extism:host/env" "config_get" (func $config_get (param i64) (result i64)))
  (func (export "_initialize") (local $key i64)
    (local.set $key (call $alloc (i64.const 1)))
    (call $store_u8 (local.get $key) (i32.const 107))
    (if (i64.eqz (call $config_get (local.get $key))) (then (unreachable))))
  (func (export "run") (result i32) (i32.const 0)))`;

describe('a node with more functions than it has time to make ready', () => {
  const node = new TestNode();
  // After the first one the time is up.
  beforeAll(() => node.start({ TORII_DATA_THREADS: '2', TORII_WARM_UP_TOTAL_MS: '1' }));
  afterAll(() => node.stop());

  const apply = (plugins: SnapshotPlugin[]): Promise<void> => node.apply(plugins, routesOf(plugins));

  it('takes them over with few instances, and serves each when it is called', async () => {
    const sha256 = node.artifacts.add(await guest('hello'));
    const plugins = Array.from({ length: pluginCount }, (_, index) => aPlugin(sha256, { name: `f${index}` }));
    await apply(plugins);
    for (const { name } of plugins) {
      const response = await fetch(`${node.proxyUrl}/${name}`);
      expect({ name, status: response.status, body: await response.text() }).toEqual({ name, status: 200, body: 'hello' });
    }
    // Each call was answered by one thread alone; had all been made ready, both threads had an instance of each.
    await eventually(async () => expect(await created()).toBeGreaterThanOrEqual(pluginCount));
    expect(await created()).toBeLessThan(2 * pluginCount);
  });

  it('refuses a module that does not start, however many plugins are before it', async () => {
    const good = node.artifacts.add(await guest('hello'));
    const bad = node.artifacts.add(await compileWat('(module (func $s (unreachable)) (start $s) (func (export "run")))'));
    const plugins = Array.from({ length: pluginCount }, (_, index) => aPlugin(good, { name: `g${index}` }));
    plugins.push(aPlugin(bad, { name: 'bad' }));
    const before = (await node.readiness()).checks.configuration.revision;
    await node.publish(plugins, routesOf(plugins));
    await eventually(async () => {
      const { checks } = await node.readiness();
      expect(checks.configuration).toMatchObject({
        revision: before,
        detail: expect.stringContaining('plugin bad version 1: initialising the plugin failed'),
      });
    });
  });

  it('answers a call of one that cannot start with what is wrong, and calls of others as ever', async () => {
    const sha256 = node.artifacts.add(await compileWat(wantsConfig));
    const configured = Array.from({ length: pluginCount }, (_, index) => aPlugin(sha256, { name: `h${index}`, config: { k: 'v' } }));
    const lacking = aPlugin(sha256, { name: 'lacking' });
    const hello = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
    const plugins = [...configured, lacking, hello];
    await apply(plugins);
    const answer = await fetch(`${node.proxyUrl}/lacking`);
    expect(answer.headers.get('x-torii-error')).toBe('config.compile_failed');
    expect(await answer.json()).toMatchObject({ code: 'config.compile_failed', detail: expect.stringContaining('initialising the plugin failed') });
    expect(await (await fetch(`${node.proxyUrl}/hello`)).text()).toBe('hello');
  });

  /** Instances that were made on the node so far. */
  async function created(): Promise<number> {
    const text = await (await fetch(`${node.internalUrl}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith('torii_plugin_instances_created_total{'));
    return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }
});

function routesOf(plugins: readonly SnapshotPlugin[]): ReturnType<typeof aRoute>[] {
  return plugins.map((plugin) => aRoute(plugin, `/${plugin.name}`));
}
