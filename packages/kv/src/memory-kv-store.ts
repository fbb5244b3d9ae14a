import { type KvRefusal, type KvStore, kvMaxKeys } from './kv-store.js';

/**
 * A map in this thread's memory, gone with the process. Each operation takes effect before its promise is returned,
 * so the order of calls is the order of writes.
 */
export class MemoryKvStore implements KvStore {
  private readonly values = new Map<string, Uint8Array>();
  private usedBytes = 0;

  constructor(
    /** May change while the map lives; what is already stored stays, even above a lower limit. */
    public maxBytes: number,
    private readonly maxKeys = kvMaxKeys,
  ) {}

  get(key: string): Uint8Array | undefined {
    const value = this.values.get(key.toWellFormed());
    return value === undefined ? undefined : new Uint8Array(value);
  }

  async set(key: string, value: Uint8Array): Promise<KvRefusal | undefined> {
    const name = key.toWellFormed();
    const previous = this.values.get(name);
    const addedBytes = value.length - (previous === undefined ? -Buffer.byteLength(name) : previous.length);
    if (addedBytes > 0 && this.usedBytes + addedBytes > this.maxBytes) return 'over_limit';
    if (previous === undefined && this.values.size >= this.maxKeys) return 'over_limit';
    this.values.set(name, new Uint8Array(value)); // a copy: the caller's bytes may be a view of a guest's memory
    this.usedBytes += addedBytes;
    return undefined;
  }

  async del(key: string): Promise<boolean> {
    const name = key.toWellFormed();
    const value = this.values.get(name);
    if (value === undefined) return false;
    this.values.delete(name);
    this.usedBytes -= Buffer.byteLength(name) + value.length;
    return true;
  }
}
