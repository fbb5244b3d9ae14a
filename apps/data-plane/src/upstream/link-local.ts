import { BlockList, isIP } from 'node:net';

const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4');
linkLocal.addSubnet('fe80::', 10, 'ipv6');

/** Whether an address is link-local (RFC 3927, RFC 4291), also as an IPv4 address within an IPv6 one. Clouds hand out credentials there. */
export function isLinkLocal(address: string): boolean {
  const [text = ''] = address.split('%'); // the zone of an IPv6 address
  const family = isIP(text);
  return family !== 0 && linkLocal.check(text, family === 4 ? 'ipv4' : 'ipv6');
}
