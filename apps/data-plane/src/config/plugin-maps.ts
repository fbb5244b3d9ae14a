import { type SnapshotPlugin, storeNames } from '@torii/contracts';
import { kvMaxKeys, kvNamespaces, mapIdOf, SharedMapTable } from '@torii/kv';
import { openScratchMaps, scratchMapOf } from './scratch-maps.js';

export interface PluginMapsOptions {
  /** Of all maps of the node together, with what each entry costs beside its bytes. */
  readonly maxBytes: number;
  /** Of the map that all plugins of a workspace share. */
  readonly globalMaxBytes: number;
}

/** The in-memory maps of a node: one per plugin and one for all plugins of a workspace, in memory that all threads share. */
export class PluginMaps {
  private readonly table: SharedMapTable;
  private previous: ReadonlySet<string> = new Set();
  private readonly holds = new Set<ReadonlySet<string>>();

  constructor(private readonly options: PluginMapsOptions) {
    this.table = SharedMapTable.create(options.maxBytes);
  }

  /** What data threads attach to. */
  get memory(): SharedArrayBuffer {
    return this.table.buffer;
  }

  /**
   * Opens maps for plugins that are new; throws `capacity.overloaded` when there is no memory left for them. A map lives on
   * through new versions of its plugin, and takes over the limits of the newest configuration.
   */
  open(plugins: readonly SnapshotPlugin[]): void {
    for (const plugin of plugins) {
      if (plugin.mapStore !== 'memory') continue;
      const { maxKeys = kvMaxKeys, eviction } = plugin.storeLimits?.plugin_map ?? {};
      this.table.open(pluginMapOf(plugin), { maxBytes: plugin.limits.kvMaxBytes, maxKeys, policy: eviction ?? 'refuse' });
      this.table.open(globalMapOf(plugin), { maxBytes: this.options.globalMaxBytes, maxKeys: kvMaxKeys, policy: 'refuse' });
    }
  }

  /**
   * Opens maps for plugins that no configuration need have: they stay until what this answers has been called, and go with a
   * configuration that is taken over after that. Throws as `open` does.
   */
  hold(plugins: readonly SnapshotPlugin[]): () => void {
    this.open(plugins);
    const held = mapsOf(plugins);
    this.holds.add(held);
    return () => this.holds.delete(held);
  }

  /** Opens stores for plugins of a draft, until what this answers is called. Throws as `open` does. */
  openScratch(trialId: string, plugins: readonly SnapshotPlugin[]): () => void {
    const close = openScratchMaps(this.table, trialId, plugins);
    const held = new Set(plugins.flatMap((plugin) => storeNames.map((store) => scratchMapOf(trialId, plugin, store))));
    this.holds.add(held);
    return () => {
      this.holds.delete(held);
      close();
    };
  }

  /**
   * Drops the maps of plugins that neither this configuration uses nor the one before, whose last requests may still be under
   * way, and that nobody holds.
   */
  retainOnly(plugins: readonly SnapshotPlugin[]): void {
    const used = mapsOf(plugins);
    this.table.retainOnly(new Set([used, this.previous, ...this.holds].flatMap((maps) => [...maps])));
    this.previous = used;
  }

  /** Gives back what a data thread held when it ended; before another one takes its index. */
  recover(threadIndex: number): void {
    this.table.recover(threadIndex);
  }
}

function mapsOf(plugins: readonly SnapshotPlugin[]): Set<string> {
  const inMemory = plugins.filter(({ mapStore }) => mapStore === 'memory');
  return new Set(inMemory.flatMap((plugin) => [pluginMapOf(plugin), globalMapOf(plugin)]));
}

function pluginMapOf({ workspace, id }: SnapshotPlugin): string {
  return mapIdOf(workspace, kvNamespaces.pluginMap(id));
}

function globalMapOf({ workspace }: SnapshotPlugin): string {
  return mapIdOf(workspace, kvNamespaces.globalMap);
}
