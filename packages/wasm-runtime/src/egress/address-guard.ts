import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];
/** Who may connect to an address: `private` only plugins that may reach private ones. */
type Reach = 'everyone' | 'private' | 'nobody';

/** Parsing and comparing takes some microseconds, and most calls go to few addresses. */
const knownMax = 1024;

/** Metadata services of clouds hand out credentials, so no setting opens them. Most are link-local, and all of that is closed; these are not. */
const metadataAddresses = [
  '168.63.129.16', // Azure
  '100.100.100.200', // Alibaba
  '192.0.0.192', // Oracle
  'fd00:ec2::254', // AWS
  'fd00:ec2::23', // AWS EKS
  'fd20:ce::254', // GCP
  'fd00:42::42', // Scaleway
  'fd00:a9fe:a9fe::1', // Akamai
].map((text) => ipaddr.process(text).toString());

const globalUnicast: Range = [ipaddr.parse('2000::'), 3];

/** IPv6 addresses that stand for an IPv4 address behind a translator; no setting opens them, or they would hide any of the above. */
const embeddingRanges: readonly string[] = ['ipv4Mapped', 'rfc6145', 'rfc6052', '6to4', 'teredo'];
const ipv4Compatible: Range = [ipaddr.parse('::'), 96];
const ipv6Loopback = '::1';

/**
 * Decides to which addresses an outbound call may connect.
 *
 * Public unicast addresses are open. Everything else (loopback, private, link-local, carrier-grade NAT, multicast,
 * reserved, and the IPv6 forms that carry an IPv4 address within) is closed, but for the operator's ranges, and those
 * only to plugins that may reach private addresses. Link-local and metadata addresses are closed even so.
 */
export class AddressGuard {
  private readonly privateRanges: readonly Range[];
  private readonly known = new Map<string, Reach>();

  /** `privateCidrs` such as `10.1.0.0/16`; throws when one cannot be read. */
  constructor(privateCidrs: readonly string[]) {
    this.privateRanges = privateCidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  }

  allows(text: string, allowPrivate: boolean): boolean {
    const reach = this.known.get(text) ?? this.remember(text, this.reachOf(text));
    return reach === 'everyone' || (reach === 'private' && allowPrivate);
  }

  private reachOf(text: string): Reach {
    // Stricter than the parser, which also takes the short forms of inet_aton.
    if (isIP(text) === 0) return 'nobody';
    // Turns ::ffff:1.2.3.4 into 1.2.3.4; link-local zones do not survive into a comparison.
    const address = ipaddr.process(text.replace(/%.*$/, ''));
    if (isNeverOpened(address)) return 'nobody';
    if (isPublic(address)) return 'everyone';
    return this.privateRanges.some((range) => isInside(address, range)) ? 'private' : 'nobody';
  }

  private remember(text: string, reach: Reach): Reach {
    if (this.known.size >= knownMax) this.known.clear();
    this.known.set(text, reach);
    return reach;
  }
}

function isNeverOpened(address: Address): boolean {
  return address.range() === 'linkLocal' || metadataAddresses.includes(address.toString()) || embedsIpv4(address);
}

function isPublic(address: Address): boolean {
  if (address.range() !== 'unicast') return false;
  return address.kind() === 'ipv4' || isInside(address, globalUnicast);
}

function embedsIpv4(address: Address): boolean {
  if (address.kind() === 'ipv4' || address.toString() === ipv6Loopback) return false;
  return embeddingRanges.includes(address.range()) || isInside(address, ipv4Compatible);
}

function isInside(address: Address, [base, bits]: Range): boolean {
  return address.kind() === base.kind() && address.match(base, bits);
}
