import { AppError, type SnapshotPlugin } from '@torii/contracts';
import { type KvStore, MemoryKvStore } from '@torii/kv';

/** The in-memory maps of a node: one per plugin, owned by the main thread, so that every thread sees the same. */
export class PluginMaps {
  private readonly maps = new Map<string, MemoryKvStore>();
  private previous: ReadonlySet<string> = new Set();

  /** Throws `plugin.grant_denied` for a plugin that has no such map in the active configuration. */
  storeFor(pluginId: string): KvStore {
    const map = this.maps.get(pluginId);
    if (map === undefined) throw new AppError('plugin.grant_denied', { detail: 'this plugin has no map in memory' });
    return map;
  }

  /** Opens maps for plugins that are new. A map lives on through new versions of its plugin and other limits. */
  open(plugins: readonly SnapshotPlugin[]): void {
    for (const plugin of plugins) {
      if (plugin.mapStore !== 'memory') continue;
      const known = this.maps.get(plugin.id);
      const maxBytes = plugin.limits.kvMaxBytes;
      if (known === undefined) this.maps.set(plugin.id, new MemoryKvStore(maxBytes));
      else known.maxBytes = maxBytes;
    }
  }

  /** Drops the maps of plugins that neither this configuration uses nor the one before: its last requests may still be under way. */
  retainOnly(plugins: readonly SnapshotPlugin[]): void {
    const used = new Set<string>(plugins.filter((plugin) => plugin.mapStore === 'memory').map((plugin) => plugin.id));
    for (const id of this.maps.keys()) if (!used.has(id) && !this.previous.has(id)) this.maps.delete(id);
    this.previous = used;
  }
}
