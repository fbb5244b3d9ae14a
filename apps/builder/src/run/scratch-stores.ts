import type { FunctionSettings, StoreName } from '@torii/contracts';
import { type KvStore, kvMaxKeys, SharedMapTable } from '@torii/kv';
import { storeLimitsOf } from '@torii/module-check';
import type { Stores } from '@torii/wasm-runtime';

const MiB = 1024 * 1024;
/** What one store of a run may hold, also where the function's settings allow more. */
const storeMaxBytes = 16 * MiB;
/** The stores of all runs at once. Memory is taken as it is used, and used again by later runs. */
const tableBytes = 64 * MiB;

/** The stores of one run: in memory, empty at first. Datastores too, whatever `mapStore` says. */
export interface RunStores {
  readonly stores: Stores;
  /** Forgets what they hold. */
  close(): void;
}

/** Makes stores that last for one run. When those of all runs hold as much as they may, writes that add to them are refused. */
export class ScratchStores {
  private readonly table = SharedMapTable.create(tableBytes);
  private readonly openMaps = new Set<string>();
  private lastRun = 0;

  open(settings: FunctionSettings): RunStores {
    this.lastRun += 1;
    const run = this.lastRun;
    const own = new Map<string, KvStore>();
    const store = (name: StoreName) => (): KvStore => {
      const mapId = `${run}/${name}`;
      const known = own.get(mapId) ?? this.openMap(mapId, name, settings);
      own.set(mapId, known);
      return known;
    };
    return {
      stores: {
        pluginMap: store('plugin_map'),
        globalMap: store('global_map'),
        pluginDatastore: store('plugin_datastore'),
        globalDatastore: store('global_datastore'),
      },
      close: () => this.drop([...own.keys()]),
    };
  }

  private openMap(mapId: string, name: StoreName, { hostFunctions, limits }: FunctionSettings): KvStore {
    const { maxKeys = kvMaxKeys, eviction } = storeLimitsOf(hostFunctions)?.[name] ?? {};
    this.table.open(mapId, { maxBytes: Math.min(limits.kvMaxBytes, storeMaxBytes), maxKeys, policy: eviction ?? 'refuse' });
    this.openMaps.add(mapId);
    return this.table.map(mapId);
  }

  private drop(mapIds: readonly string[]): void {
    if (mapIds.length === 0) return;
    for (const mapId of mapIds) this.openMaps.delete(mapId);
    this.table.retainOnly(this.openMaps);
  }
}
