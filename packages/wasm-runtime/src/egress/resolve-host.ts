import { lookup } from 'node:dns/promises';
import type { Clock } from '@torii/service-kit';
import { EgressError } from './egress-error.js';

/** Addresses of a host name, as text. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

const cacheMaxHosts = 1024;
/** Long enough to spare a busy plugin its look-ups, short enough to follow a change. */
const cacheMs = 5_000;
/** Look-ups take threads of the process, and go on when who asked has long been gone. */
const lookupsMax = 64;

export const systemResolve: ResolveHost = async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address);

/** Looks names up and remembers the answers for a few seconds. Addresses from the cache are checked like fresh ones. */
export class HostResolver {
  private readonly resolve: ResolveHost;
  private readonly clock: Clock;
  private readonly cache = new Map<string, { readonly addresses: readonly string[]; readonly untilMs: number }>();
  private readonly underWay = new Map<string, Promise<readonly string[]>>();

  constructor(resolve: ResolveHost, clock: Clock) {
    this.resolve = resolve;
    this.clock = clock;
  }

  /** Never empty. Throws `EgressError` when the name does not resolve, or when `signal` aborts first. */
  async addressesOf(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
    const cached = this.cache.get(hostname);
    if (cached !== undefined && cached.untilMs > this.clock.nowMs()) return cached.addresses;
    const addresses = await this.lookup(hostname, signal);
    if (addresses.length === 0) throw new EgressError('unreachable', `no address for ${hostname}`);
    this.cache.delete(hostname);
    if (this.cache.size >= cacheMaxHosts) this.cache.delete(this.cache.keys().next().value ?? '');
    this.cache.set(hostname, { addresses, untilMs: this.clock.nowMs() + cacheMs });
    return addresses;
  }

  /** The system's look-up cannot be cancelled, so it is left behind when the signal aborts. */
  private lookup(hostname: string, signal: AbortSignal): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(new EgressError('aborted', 'the call was cancelled'));
      if (signal.aborted) return onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      this.sharedLookup(hostname)
        .then(resolve, (error: unknown) =>
          reject(error instanceof EgressError ? error : new EgressError('unreachable', `cannot resolve ${hostname}`, error)),
        )
        .finally(() => signal.removeEventListener('abort', onAbort));
    });
  }

  private sharedLookup(hostname: string): Promise<readonly string[]> {
    const shared = this.underWay.get(hostname);
    if (shared !== undefined) return shared;
    if (this.underWay.size >= lookupsMax) return Promise.reject(new EgressError('busy', 'too many name look-ups are under way'));
    const lookup = this.resolve(hostname).finally(() => this.underWay.delete(hostname));
    this.underWay.set(hostname, lookup);
    return lookup;
  }
}
