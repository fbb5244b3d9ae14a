import type { Clock } from '@torii/service-kit';
import { EgressError } from './egress-error.js';
import type { NameAnswer, NameLookup } from './name-lookup.js';

const cacheMaxHosts = 1024;
/** Long enough to spare a busy plugin its look-ups, short enough to follow a change. */
const cacheMaxMs = 5_000;
/** Different names being looked up at once, and for one plugin. */
const lookupsMax = 256;
const lookupsPluginMax = 64;
/** The most addresses of a name that are considered, and so the only ones that are connected to. */
const addressesMax = 16;

/**
 * Addresses of host names, remembered for as long as the name server says, but no more than 5 seconds. Addresses from the
 * cache are checked by the caller like fresh ones.
 */
export class HostResolver {
  private readonly names: NameLookup;
  private readonly clock: Clock;
  private readonly cache = new Map<string, { readonly addresses: readonly string[]; readonly untilMs: number }>();
  private readonly underWay = new Map<string, { readonly pluginId: string; readonly addresses: Promise<readonly string[]> }>();

  constructor(names: NameLookup, clock: Clock) {
    this.names = names;
    this.clock = clock;
  }

  /** 1 to 16 addresses. Throws `EgressError` when the name does not resolve, or when `signal` aborts first. */
  async addressesOf(hostname: string, pluginId: string, signal: AbortSignal): Promise<readonly string[]> {
    const cached = this.cache.get(hostname);
    if (cached !== undefined && cached.untilMs > this.clock.nowMs()) return cached.addresses;
    return unlessAborted(this.sharedLookup(hostname, pluginId), signal);
  }

  private sharedLookup(hostname: string, pluginId: string): Promise<readonly string[]> {
    const shared = this.underWay.get(hostname);
    if (shared !== undefined) return shared.addresses;
    const ofPlugin = [...this.underWay.values()].filter((lookup) => lookup.pluginId === pluginId).length;
    if (this.underWay.size >= lookupsMax || ofPlugin >= lookupsPluginMax) throw new EgressError('busy', 'too many name look-ups are under way');
    const addresses = this.lookup(hostname).finally(() => this.underWay.delete(hostname));
    this.underWay.set(hostname, { pluginId, addresses });
    return addresses;
  }

  private async lookup(hostname: string): Promise<readonly string[]> {
    const answer = await this.names.addressesOf(hostname).catch((error: unknown) => {
      throw new EgressError('unreachable', `cannot resolve ${hostname}`, error);
    });
    const addresses = answer.addresses.slice(0, addressesMax);
    if (addresses.length === 0) throw new EgressError('unreachable', `no address for ${hostname}`);
    this.remember(hostname, { ...answer, addresses });
    return addresses;
  }

  private remember(hostname: string, { addresses, ttlMs }: NameAnswer): void {
    this.cache.delete(hostname);
    if (this.cache.size >= cacheMaxHosts) this.cache.delete(this.cache.keys().next().value ?? '');
    this.cache.set(hostname, { addresses, untilMs: this.clock.nowMs() + Math.min(ttlMs, cacheMaxMs) });
  }
}

/** A look-up is shared, so who gives up leaves it behind. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new EgressError('aborted', 'the call was cancelled'));
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
