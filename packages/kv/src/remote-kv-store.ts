import type { KvPort } from './kv-port.js';
import type { KvRefusal, KvStore } from './kv-store.js';

/** One plugin's map that another thread owns, reached over a `KvPort`; rejects as the port and the owner's store do. */
export class RemoteKvStore implements KvStore {
  constructor(
    private readonly port: KvPort,
    private readonly pluginId: string,
  ) {}

  async get(key: string): Promise<Uint8Array | undefined> {
    const answer = await this.port.ask({ op: 'get', pluginId: this.pluginId, key });
    return answer.value;
  }

  async set(key: string, value: Uint8Array): Promise<KvRefusal | undefined> {
    const copy = new Uint8Array(value); // moved to the other thread, so it must not be the guest's memory
    const answer = await this.port.ask({ op: 'set', pluginId: this.pluginId, key, value: copy });
    return answer.refusal;
  }

  async del(key: string): Promise<boolean> {
    const answer = await this.port.ask({ op: 'del', pluginId: this.pluginId, key });
    return answer.isDeleted === true;
  }
}
