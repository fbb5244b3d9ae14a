import { lookup, Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { normalHost } from './allowed-hosts.js';

export interface NameAnswer {
  readonly addresses: readonly string[];
  /** How long the answer holds. */
  readonly ttlMs: number;
}

export interface NameLookupOptions {
  /** `address` or `address:port`; those of the system unless given. */
  readonly servers?: readonly string[] | undefined;
  /** What the first try may take (ms), 1,000 unless given; the second takes twice as long, and there is no third. */
  readonly firstTryMs?: number | undefined;
}

const hostsFile = '/etc/hosts';
const hostsFileTtlMs = 5_000;
const defaultFirstTryMs = 1_000;
const queryTries = 2;

/**
 * Looks names up: in the hosts file, then at the name servers, over A and AAAA.
 *
 * Not by the system's own `getaddrinfo`, which runs two at a time in a process: a function that asks for names whose
 * server never answers would keep everyone else from looking up theirs. Only names without a dot and those below `local`
 * go that way, because their answers are the operator's own; search domains hold for these alone.
 */
export class NameLookup {
  private readonly resolver: Resolver;
  private hosts: { readonly byName: ReadonlyMap<string, readonly string[]>; readonly readAtMs: number } | undefined;
  private readonly nowMs: () => number;

  /** Throws when a server's address cannot be read. */
  constructor(options: NameLookupOptions, nowMs: () => number) {
    this.nowMs = nowMs;
    this.resolver = new Resolver({ timeout: options.firstTryMs ?? defaultFirstTryMs, tries: queryTries });
    if (options.servers !== undefined) this.resolver.setServers([...options.servers]);
  }

  /** Rejects when the name has no address or nobody says so in time. */
  async addressesOf(hostname: string): Promise<NameAnswer> {
    const listed = (await this.hostsByName()).get(hostname);
    if (listed !== undefined) return { addresses: listed, ttlMs: hostsFileTtlMs };
    if (isOperatorsName(hostname)) return { addresses: await systemAddresses(hostname), ttlMs: hostsFileTtlMs };
    return this.ask(hostname);
  }

  /** Ends what is under way. */
  close(): void {
    this.resolver.cancel();
  }

  /** Either family alone is enough; both fail when the name is not there. */
  private async ask(hostname: string): Promise<NameAnswer> {
    const [four, six] = await Promise.allSettled([this.resolver.resolve4(hostname, { ttl: true }), this.resolver.resolve6(hostname, { ttl: true })]);
    const records = [four, six].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (records.length === 0 && four.status === 'rejected') throw four.reason;
    return { addresses: records.map(({ address }) => address), ttlMs: 1_000 * Math.min(...records.map(({ ttl }) => ttl)) };
  }

  private async hostsByName(): Promise<ReadonlyMap<string, readonly string[]>> {
    if (this.hosts === undefined || this.nowMs() - this.hosts.readAtMs > hostsFileTtlMs) {
      const text = await readFile(hostsFile, 'utf8').catch(() => '');
      this.hosts = { byName: parseHosts(text), readAtMs: this.nowMs() };
    }
    return this.hosts.byName;
  }
}

/** Lines of an address and its names; what follows a `#` is a remark. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*$/, '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names.map(normalHost)) byName.set(name, [...(byName.get(name) ?? []), address]);
  }
  return byName;
}

function isOperatorsName(hostname: string): boolean {
  return !hostname.includes('.') || hostname.endsWith('.local');
}

async function systemAddresses(hostname: string): Promise<string[]> {
  const found = await lookup(hostname, { all: true });
  return found.map(({ address }) => address);
}
