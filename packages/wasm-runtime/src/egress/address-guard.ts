import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = [Address, number];

/** Metadata services of clouds hand out credentials, so no setting opens them, wherever they are. */
const metadataAddresses = [
  '169.254.169.254', // AWS, GCP, Azure, OpenStack
  '169.254.170.2', // AWS ECS
  '169.254.170.23', // AWS EKS
  '168.63.129.16', // Azure
  '100.100.100.200', // Alibaba
  '192.0.0.192', // Oracle
  'fd00:ec2::254', // AWS
  'fd00:ec2::23', // AWS EKS
  'fd20:ce::254', // GCP
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
 * only to plugins that may reach private addresses.
 */
export class AddressGuard {
  private readonly privateRanges: readonly Range[];

  /** `privateCidrs` such as `10.1.0.0/16`; throws when one cannot be read. */
  constructor(privateCidrs: readonly string[]) {
    this.privateRanges = privateCidrs.map((cidr) => ipaddr.parseCIDR(cidr));
  }

  allows(text: string, allowPrivate: boolean): boolean {
    // Stricter than the parser, which also takes the short forms of inet_aton.
    if (isIP(text) === 0) return false;
    // Turns ::ffff:1.2.3.4 into 1.2.3.4; link-local zones do not survive into a comparison.
    const address = ipaddr.process(text.replace(/%.*$/, ''));
    if (metadataAddresses.includes(address.toString()) || embedsIpv4(address)) return false;
    if (isPublic(address)) return true;
    return allowPrivate && this.privateRanges.some((range) => isInside(address, range));
  }
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
