import { isIP } from 'node:net';
import type { Clock, Logger } from '@torii/service-kit';
import { AddressGuard } from './address-guard.js';
import { isAllowedHost, normalHost } from './allowed-hosts.js';
import { CallSlots } from './call-slots.js';
import { egressErrorOf } from './connection-failure.js';
import { EgressError } from './egress-error.js';
import { exchange } from './exchange.js';
import { firstHop, type Hop, redirected, redirectOf } from './hop.js';
import { HostResolver } from './host-resolver.js';
import { NameLookup } from './name-lookup.js';
import { PinnedPools } from './pinned-pools.js';
import { Shares } from './shares.js';

export interface EgressOptions {
  /** Ranges that plugins with `allowPrivate` may reach. */
  readonly privateCidrs: readonly string[];
  /** Host name to the origin that stands in for it; consulted after the allow-list, instead of look-up and address checks. */
  readonly overrides: ReadonlyMap<string, URL>;
  /** Name servers to ask, `address` or `address:port`; those of the system unless given. */
  readonly dnsServers?: readonly string[];
  /** What they may take to answer before they are asked once more, for twice as long (ms); 1,000 unless given. */
  readonly dnsFirstTryMs?: number;
  /** Authorities to trust beside those of the system, as PEM. */
  readonly extraCa?: string;
  /** 5 unless given. */
  readonly maxRedirects?: number;
  readonly connectTimeoutMs: number;
  /** The most one call may take, redirects and waiting included; 10,000 unless given. */
  readonly requestTimeoutMs?: number;
  /** The most bytes an answer's body may have; 10 MiB unless given. */
  readonly responseMaxBytes?: number;
  /** Calls under way at once in this thread; 256 unless given. */
  readonly maxConcurrent?: number;
  /** Of these, for one plugin; a quarter unless given. */
  readonly maxConcurrentPerPlugin?: number;
  /** How long a call may wait for one of these to end; 1,000 unless given, 0 refuses it at once. */
  readonly queueWaitMs?: number;
  /** Bodies in memory at once in this thread, sent and received; 256 MiB unless given. A plugin may have a quarter, or one answer. */
  readonly bufferMaxBytes?: number;
}

export interface EgressRequest {
  /** Whose call it is: calls and bytes under way are shared out by plugin. */
  readonly pluginId: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Dropped for GET and HEAD. */
  readonly body?: Uint8Array;
  readonly allowedHosts: readonly string[];
  readonly allowPrivate: boolean;
  readonly followRedirects: boolean;
  /** Shortens the time the egress allows; it never lengthens it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export interface EgressResponse {
  readonly status: number;
  /** Names in lower case, several values joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** As it came: nothing is decompressed. */
  readonly body: Uint8Array;
}

/** The only way out of a guest. One per data thread. */
export interface Egress {
  /** Sends one request and reads its whole answer. Throws `EgressError`, nothing else. */
  request(request: EgressRequest): Promise<EgressResponse>;
  /** Drops every connection. */
  close(): Promise<void>;
}

const MiB = 1024 * 1024;
/** Part of the thread's calls and bytes that one plugin may have. */
const pluginShare = 1 / 4;

/** Throws when an address range, a name server or the authorities cannot be read. */
export function createEgress(options: EgressOptions, deps: { readonly clock: Clock; readonly log: Logger }): Egress {
  const { maxRedirects = 5, requestTimeoutMs = 10_000, responseMaxBytes = 10 * MiB, maxConcurrent = 256, bufferMaxBytes = 256 * MiB } = options;
  const guard = new AddressGuard(options.privateCidrs);
  const names = new NameLookup({ servers: options.dnsServers, firstTryMs: options.dnsFirstTryMs }, () => deps.clock.nowMs());
  const resolver = new HostResolver(names, deps.clock);
  const pools = new PinnedPools({
    connectTimeoutMs: options.connectTimeoutMs,
    ...(options.extraCa === undefined ? {} : { extraCa: options.extraCa }),
  });
  const slots = new CallSlots({
    totalMax: maxConcurrent,
    pluginMax: options.maxConcurrentPerPlugin ?? Math.ceil(maxConcurrent * pluginShare),
    waitMs: options.queueWaitMs ?? 1_000,
  });
  const buffers = new Shares(bufferMaxBytes, Math.max(bufferMaxBytes * pluginShare, responseMaxBytes));

  async function request(asked: EgressRequest): Promise<EgressResponse> {
    const timeoutMs = Math.min(asked.timeoutMs, requestTimeoutMs);
    const ending = new AbortController();
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      ending.abort();
    }, timeoutMs);
    const onAbort = (): void => ending.abort();
    if (asked.signal.aborted) onAbort();
    else asked.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await inTurn(asked, ending.signal);
    } catch (error) {
      if (isLate) throw new EgressError('timeout', `no complete answer within ${Math.round(timeoutMs)} ms`, error);
      if (asked.signal.aborted) throw new EgressError('aborted', 'the call was cancelled', error);
      throw egressErrorOf(error);
    } finally {
      clearTimeout(timer);
      asked.signal.removeEventListener('abort', onAbort);
    }
  }

  async function inTurn(asked: EgressRequest, signal: AbortSignal): Promise<EgressResponse> {
    const hop = firstHop(asked);
    // Before it waits: what is not allowed is refused at once.
    checkUrl(hop.url, asked);
    await slots.enter(asked.pluginId, signal);
    let heldBytes = 0;
    const take = (bytes: number): void => {
      if (!buffers.take(asked.pluginId, bytes)) throw new EgressError('busy', 'too many bytes of outbound calls are in memory');
      heldBytes += bytes;
    };
    try {
      take(hop.body?.length ?? 0);
      return await follow(hop, asked, { maxBytes: responseMaxBytes, take }, signal);
    } finally {
      buffers.giveBack(asked.pluginId, heldBytes);
      slots.leave(asked.pluginId);
    }
  }

  /** Every hop goes through all checks again: an allowed host may redirect anywhere. */
  async function follow(
    first: Hop,
    asked: EgressRequest,
    room: { maxBytes: number; take: (bytes: number) => void },
    signal: AbortSignal,
  ): Promise<EgressResponse> {
    let hop = first;
    for (let redirects = 0; ; redirects += 1) {
      const { origin, addresses } = await targetOf(hop.url, asked, signal);
      const answer = await exchange(pools.poolFor(origin, addresses), {
        path: hop.url.pathname + hop.url.search,
        method: hop.method,
        headers: { ...hop.headers, host: hop.url.host },
        body: hop.body,
        skipsRedirectBody: asked.followRedirects,
        room,
        signal,
      });
      const location = asked.followRedirects ? redirectOf(answer.status, answer.headers) : undefined;
      if (location === undefined) return answer;
      if (redirects >= maxRedirects) throw new EgressError('too_many_redirects', `more than ${maxRedirects} redirects`);
      hop = redirected(hop, answer.status, location);
      checkUrl(hop.url, asked);
    }
  }

  async function targetOf(url: URL, asked: EgressRequest, signal: AbortSignal): Promise<{ origin: string; addresses?: readonly string[] }> {
    const host = normalHost(url.hostname);
    const override = options.overrides.get(host);
    if (override !== undefined) return { origin: override.origin };
    const literal = host.startsWith('[') ? host.slice(1, -1) : host;
    const addresses = isIP(literal) === 0 ? await resolver.addressesOf(host, asked.pluginId, signal) : [literal];
    // One bad address spoils the name: which of them gets connected is not ours to choose.
    if (!addresses.every((address) => guard.allows(address, asked.allowPrivate))) {
      throw new EgressError('egress_refused', `you cannot access host: ${host} (its address is not allowed)`);
    }
    return { origin: url.origin, addresses };
  }

  async function close(): Promise<void> {
    names.close();
    await pools.close();
  }

  return { request, close };
}

/** What can be said of a URL before its name is looked up. */
function checkUrl(url: URL, { allowedHosts }: EgressRequest): void {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new EgressError('egress_refused', `the scheme ${url.protocol} is not allowed`);
  if (url.username !== '' || url.password !== '') throw new EgressError('egress_refused', 'credentials in a URL are not allowed');
  if (!isAllowedHost(url, allowedHosts)) throw new EgressError('egress_refused', `you cannot access host: ${normalHost(url.hostname)}`);
}
