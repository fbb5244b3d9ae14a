import { type SnapshotPlugin, type StoreName, storeNames, testerLimits } from '@torii/contracts';
import { kvMaxKeys, type SharedMapTable } from '@torii/kv';

/** The name in the node's table of a store that a plugin of a draft has while it is tried. */
export function scratchMapOf(trialId: string, { id, version }: Pick<SnapshotPlugin, 'id' | 'version'>, store: StoreName): string {
  return `scratch/${trialId}/${id}@${version}/${store}`;
}

/**
 * Opens the stores of a draft's plugins, empty at first and small; they are closed, with all they hold, by what this answers.
 * Throws `capacity.overloaded`, and leaves none open, when there is no memory left for them.
 */
export function openScratchMaps(table: SharedMapTable, trialId: string, plugins: readonly SnapshotPlugin[]): () => void {
  const opened: string[] = [];
  const close = (): void => {
    for (const mapId of opened) table.close(mapId);
  };
  try {
    for (const plugin of plugins) {
      for (const store of storeNames) {
        const { maxKeys = kvMaxKeys, eviction } = plugin.storeLimits?.[store] ?? {};
        const maxBytes = Math.min(plugin.limits.kvMaxBytes, testerLimits.draftStoreMaxBytes);
        const mapId = scratchMapOf(trialId, plugin, store);
        table.open(mapId, { maxBytes, maxKeys, policy: eviction ?? 'refuse' });
        opened.push(mapId);
      }
    }
  } catch (error) {
    close();
    throw error;
  }
  return close;
}
