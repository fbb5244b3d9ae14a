import type { StoreName } from '@torii/contracts';
import type { KvStore } from '@torii/kv';
import type { FunctionSpec, Stores } from '../function-spec.js';
import { TimedStore } from './timed-store.js';

/** The stores of one instance, each opened when it is first asked for and bounded as its grant says. */
export class GuestStores {
  private readonly opened = new Map<StoreName, KvStore>();

  constructor(
    private readonly spec: FunctionSpec,
    private readonly stores: Stores,
  ) {}

  open(name: StoreName): KvStore {
    const known = this.opened.get(name);
    if (known !== undefined) return known;
    const ttlMs = this.spec.storeLimits?.[name]?.ttlMs;
    const store = ttlMs === undefined ? this.bare(name) : new TimedStore(this.bare(name), ttlMs);
    this.opened.set(name, store);
    return store;
  }

  private bare(name: StoreName): KvStore {
    const { stores, spec } = this;
    switch (name) {
      case 'plugin_map':
        return stores.pluginMap(spec.pluginId);
      case 'global_map':
        return stores.globalMap();
      case 'plugin_datastore':
        return stores.pluginDatastore(spec.pluginId);
      case 'global_datastore':
        return stores.globalDatastore();
    }
  }
}
