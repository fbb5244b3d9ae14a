import { isIPv6, type LookupFunction } from 'node:net';
import { Pool } from 'undici';

const poolsMax = 256;
const socketsPerPoolMax = 64;

/**
 * Keep-alive connections by origin *and* addresses: a connection is only ever reused by a call whose own look-up and
 * checks led to the same addresses.
 */
export class PinnedPools {
  private readonly pools = new Map<string, Pool>();
  private readonly connectTimeoutMs: number;

  constructor(connectTimeoutMs: number) {
    this.connectTimeoutMs = connectTimeoutMs;
  }

  /** `addresses` undefined leaves the look-up to the system; only overrides do that. */
  poolFor(origin: string, addresses: readonly string[] | undefined): Pool {
    const key = `${origin} ${addresses?.join(',') ?? ''}`;
    let pool = this.pools.get(key);
    if (pool === undefined) {
      if (this.pools.size >= poolsMax) this.evictOldest();
      const connect = { timeout: this.connectTimeoutMs, ...(addresses === undefined ? {} : { lookup: pinnedLookup(addresses) }) };
      pool = new Pool(origin, { connections: socketsPerPoolMax, pipelining: 1, connect });
    } else {
      this.pools.delete(key);
    }
    this.pools.set(key, pool);
    return pool;
  }

  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  /** Calls that are under way on it still finish. */
  private evictOldest(): void {
    const oldest = this.pools.entries().next().value;
    if (oldest === undefined) return;
    this.pools.delete(oldest[0]);
    void oldest[1].close().catch(() => undefined);
  }
}

/** Answers with the addresses that were checked, whatever a name server says by now. */
function pinnedLookup(addresses: readonly string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
  return (_hostname, options, callback) => {
    if (options.all === true) return callback(null, entries);
    const [first] = entries;
    callback(null, first?.address ?? '', first?.family ?? 4);
  };
}
