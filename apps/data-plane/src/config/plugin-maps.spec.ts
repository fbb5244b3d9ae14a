import { describe, expect, it } from '@jest/globals';
import { kvNamespaces, mapIdOf, type SharedMapStore, SharedMapTable } from '@torii/kv';
import { aPlugin } from '../../test/a-node.js';
import { PluginMaps } from './plugin-maps.js';

const MiB = 1024 * 1024;
const denied = 'this plugin has no map in memory';

describe('PluginMaps', () => {
  const newMaps = (maxBytes = 4 * MiB): PluginMaps => new PluginMaps({ maxBytes, globalMaxBytes: 100 });
  const onThread = (maps: PluginMaps, index = 0): SharedMapTable => SharedMapTable.attach(maps.memory, index);
  const mapOf = (maps: PluginMaps, pluginId: string): SharedMapStore => onThread(maps).map(mapIdOf('default', kvNamespaces.pluginMap(pluginId)));

  it('keeps what a plugin has stored through new versions, and takes over their limits', () => {
    const maps = newMaps();
    const plugin = aPlugin('a'.repeat(64), { limits: { kvMaxBytes: 100 } });
    maps.open([plugin]);
    const map = mapOf(maps, plugin.id);
    map.set('key', new Uint8Array(90));
    const next = { ...plugin, version: 2, limits: { ...plugin.limits, kvMaxBytes: 1_000 } };
    maps.open([next]);
    maps.retainOnly([next]);
    expect(map.get('key')).toHaveLength(90);
    expect(map.set('more', new Uint8Array(500))).toBeUndefined();
    maps.open([{ ...next, storeLimits: { plugin_map: { maxKeys: 2 } } }]);
    expect(map.set('third', new Uint8Array(0))).toBe('over_limit');
  });

  it('drops a map only when its plugin is gone from two configurations in a row', () => {
    const maps = newMaps();
    const [stays, goes] = [aPlugin('a'.repeat(64)), aPlugin('b'.repeat(64))];
    const map = mapOf(maps, goes.id);
    for (const plugins of [[stays, goes], [stays]]) {
      maps.open(plugins);
      maps.retainOnly(plugins);
      expect(map.set('key', Uint8Array.of(1))).toBeUndefined(); // requests of the last configuration may still be under way
    }
    maps.retainOnly([stays]);
    expect(() => map.get('key')).toThrow(denied);
    expect(mapOf(maps, stays.id).get('key')).toBeUndefined();
  });

  it('keeps a map for who holds it, whatever the configurations meanwhile', () => {
    const maps = newMaps();
    const plugin = aPlugin('a'.repeat(64));
    const map = mapOf(maps, plugin.id);
    const holds = [maps.hold([plugin]), maps.hold([plugin])];
    for (const letGo of holds) {
      for (let configuration = 0; configuration < 2; configuration += 1) maps.retainOnly([]);
      expect(map.set('key', Uint8Array.of(1))).toBeUndefined();
      letGo();
    }
    maps.retainOnly([]);
    expect(() => map.get('key')).toThrow(denied);
  });

  it('has one map for all plugins of a workspace, with its own limit', () => {
    const maps = newMaps();
    const plugins = [aPlugin('a'.repeat(64)), { ...aPlugin('b'.repeat(64)), workspace: 'other' }];
    maps.open(plugins);
    maps.retainOnly(plugins);
    const global = (workspace: string): SharedMapStore => onThread(maps, 1).map(mapIdOf(workspace, kvNamespaces.globalMap));
    expect(global('default').set('key', new Uint8Array(97))).toBeUndefined();
    expect(global('default').set('k', new Uint8Array(0))).toBe('over_limit');
    expect(global('other').exists('key')).toBe(false);
  });

  it('makes room in the map of a plugin that evicts, instead of refusing', () => {
    const maps = newMaps();
    const plugin = aPlugin('a'.repeat(64), { limits: { kvMaxBytes: 1_000 }, storeLimits: { plugin_map: { maxKeys: 2, eviction: 'lru' } } });
    maps.open([plugin]);
    const map = mapOf(maps, plugin.id);
    for (const key of ['a', 'b', 'c', 'd']) expect(map.set(key, Uint8Array.of(1))).toBeUndefined();
    expect(map.get('d')).toEqual(Uint8Array.of(1));
    expect(['a', 'b', 'c', 'd'].filter((key) => map.exists(key))).toHaveLength(2);
    expect(map.set('too large for any room', new Uint8Array(1_000))).toBe('over_limit');
  });

  it('opens none in memory for plugins whose map is in Redis', () => {
    const maps = newMaps();
    const plugin = aPlugin('a'.repeat(64), { mapStore: 'shared' });
    maps.open([plugin]);
    expect(() => mapOf(maps, plugin.id).get('key')).toThrow(denied);
  });

  it('refuses a configuration with more maps than there is memory for, and says what to do', () => {
    const maps = newMaps(MiB);
    const plugins = Array.from({ length: 3_000 }, () => aPlugin('a'.repeat(64)));
    expect(() => maps.open(plugins)).toThrow('TORII_MAPS_BYTES');
  });
});
