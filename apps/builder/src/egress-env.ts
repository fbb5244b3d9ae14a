import { Resolver } from 'node:dns';
import { isIP } from 'node:net';
import { z } from 'zod';

export const EgressOverrides = z.string().transform((text, context) => {
  const overrides = new Map<string, string>();
  for (const part of text.split(',').map((piece) => piece.trim())) {
    const [host, origin, ...rest] = part.split('=');
    if (host === undefined || origin === undefined || rest.length > 0 || !URL.canParse(origin)) {
      context.addIssue(`must be host=origin[,host=origin], such as api.example.com=http://127.0.0.1:4000; got "${part}"`);
      return z.NEVER;
    }
    overrides.set(host.toLowerCase(), new URL(origin).origin);
  }
  return overrides;
});

export function areCidrs(networks: readonly string[]): boolean {
  return networks.every((network) => {
    const [address = '', bits = ''] = network.split(/\/(.*)/s);
    const family = isIP(address);
    return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128);
  });
}

export function areNameServers(servers: readonly string[]): boolean {
  try {
    new Resolver().setServers(servers);
    return true;
  } catch {
    return false;
  }
}
