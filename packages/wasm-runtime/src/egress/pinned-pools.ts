import { X509Certificate } from 'node:crypto';
import { isIPv6, type LookupFunction } from 'node:net';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { Pool } from 'undici';

const socketsPerPoolMax = 64;
/** Of a server's answer; more is refused. */
const headMaxBytes = 16 * 1024;
const idleMs = 4_000;
const idleMaxMs = 30_000;

export interface PinnedPoolsOptions {
  readonly connectTimeoutMs: number;
  /** Authorities to trust beside those of the system, as PEM. */
  readonly extraCa?: string;
  /** Pools kept; 256 unless given. */
  readonly poolsMax?: number;
  /** Connections open at once, idle ones included, before idle pools are given up; 512 unless given. */
  readonly socketsMax?: number;
}

/**
 * Keep-alive connections by origin *and* addresses: a connection is only ever reused by a call whose own look-up and
 * checks led to the same addresses. Idle ones are closed after 4 seconds, or what the server says up to 30.
 */
export class PinnedPools {
  private readonly pools = new Map<string, Pool>();
  private readonly options: PinnedPoolsOptions;
  private readonly secureContext: SecureContext | undefined;
  private sockets = 0;

  /** Throws when `extraCa` has no certificate that can be read. */
  constructor(options: PinnedPoolsOptions) {
    this.options = options;
    this.secureContext = options.extraCa === undefined ? undefined : contextTrusting(options.extraCa);
  }

  get openSockets(): number {
    return this.sockets;
  }

  /** `addresses` undefined leaves the look-up to the system; only overrides do that. */
  poolFor(origin: string, addresses: readonly string[] | undefined): Pool {
    // Sorted: name servers turn the order of their answers round and round.
    const key = `${origin} ${addresses === undefined ? '' : [...addresses].sort().join(',')}`;
    const known = this.pools.get(key);
    this.pools.delete(key);
    this.makeRoom();
    const pool = known ?? this.open(origin, addresses);
    this.pools.set(key, pool);
    return pool;
  }

  async close(): Promise<void> {
    const pools = [...this.pools.values()];
    this.pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy()));
  }

  private open(origin: string, addresses: readonly string[] | undefined): Pool {
    const pool = new Pool(origin, {
      connections: socketsPerPoolMax,
      pipelining: 1,
      // HTTP/2 has limits of its own to watch; none of the APIs that functions call needs it.
      allowH2: false,
      maxHeaderSize: headMaxBytes,
      keepAliveTimeout: idleMs,
      keepAliveMaxTimeout: idleMaxMs,
      // A call has one deadline over all its hops, which is its signal.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: {
        timeout: this.options.connectTimeoutMs,
        // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
        rejectUnauthorized: true,
        ...(this.secureContext === undefined ? {} : { secureContext: this.secureContext }),
        ...(addresses === undefined ? {} : { lookup: pinnedLookup(addresses) }),
      },
    });
    pool.on('connect', () => {
      this.sockets += 1;
    });
    pool.on('disconnect', () => {
      this.sockets -= 1;
    });
    return pool;
  }

  /** Gives up the least recently used: in any case one when there are too many pools, idle ones when there are too many connections. */
  private makeRoom(): void {
    const { poolsMax = 256, socketsMax = 512 } = this.options;
    if (this.pools.size >= poolsMax) this.giveUp(this.pools.entries().next().value);
    let excess = this.sockets - socketsMax + 1;
    for (const entry of this.pools) {
      if (excess <= 0) return;
      const { connected, size } = entry[1].stats;
      if (size > 0) continue;
      excess -= connected;
      this.giveUp(entry);
    }
  }

  /** Calls that are under way on it still finish. */
  private giveUp(entry: [string, Pool] | undefined): void {
    if (entry === undefined) return;
    this.pools.delete(entry[0]);
    void entry[1].close().catch(() => undefined);
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

/** `createSecureContext` takes what it cannot read without a word. */
function contextTrusting(extraCa: string): SecureContext {
  const certificates = extraCa.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) throw new Error('the extra authorities hold no certificate: PEM is expected');
  for (const certificate of certificates) new X509Certificate(certificate);
  return createSecureContext({ ca: [...getCACertificates('default'), ...certificates] });
}
