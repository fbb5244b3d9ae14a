import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type NameServer, startNameServer } from '../../test/a-name-server.js';
import { type RawServer, startRawServer } from '../../test/a-raw-server.js';
import { startServer } from '../../test/a-server.js';
import { type Ask, TestEgress } from '../../test/an-egress.js';
import type { EgressOptions } from './egress.js';

const folder = path.join(import.meta.dirname, '../../test/tls');
const pem = (name: string): Promise<string> => readFile(path.join(folder, `${name}.pem`), 'utf8');
const egresses = new TestEgress();
let extraCa: string;
let names: NameServer;
let server: Server | undefined;
let raw: RawServer | undefined;
let serverNames: (string | false)[];

beforeAll(async () => {
  extraCa = await pem('ca');
});

beforeEach(async () => {
  serverNames = [];
  names = await startNameServer((_name, type) => (type === 'A' ? [{ type, value: '127.0.0.1' }] : []));
});

afterEach(async () => {
  await egresses.close();
  await names.close();
  await raw?.close();
  raw = undefined;
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
});

/** A server with this certificate; answers `path`, or redirects to `?to=`. */
async function serve(certificate: string, maxVersion: 'TLSv1.1' | 'TLSv1.3' = 'TLSv1.3'): Promise<number> {
  const options = { cert: await pem(certificate), key: await pem('key'), maxVersion, minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' };
  server = createServer(options, (request, response) => {
    serverNames.push((request.socket as { servername?: string | false }).servername ?? false);
    const to = new URL(request.url ?? '/', 'http://x').searchParams.get('to');
    if (to !== null) response.writeHead(302, { location: to }).end();
    else response.end('in secret');
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  return (listening.address() as AddressInfo).port;
}

function open(port: number, options: Partial<EgressOptions> = { extraCa }): Ask {
  return egresses.open(
    { dnsServers: [names.address], ...options },
    { url: `https://api.test:${port}/`, allowedHosts: [`api.test:${port}`, `127.0.0.1:${port}`] },
  );
}

describe('a call over TLS', () => {
  it('reaches a server whose certificate an extra authority has signed', async () => {
    const port = await serve('api');
    const request = open(port);
    expect(await request({})).toBe('200 in secret');
    expect(await request({ url: `https://api.test.:${port}/` })).toBe('200 in secret');
    expect(serverNames).toEqual(['api.test', 'api.test']);
  });

  it.each([
    ['an authority nobody trusts', 'api', {}],
    ['another host', 'other', undefined],
    ['the past', 'expired', undefined],
    ['itself', 'self-signed', undefined],
  ])('is refused with a certificate of %s', async (_why, certificate, options) => {
    expect(await open(await serve(certificate), options)({})).toBe('tls');
    expect(serverNames).toEqual([]);
  });

  it('is refused for an address when the certificate is for a name', async () => {
    const port = await serve('api');
    expect(await open(port)({ url: `https://127.0.0.1:${port}/` })).toBe('tls');
  });

  it('is refused by a server that speaks none of the safe versions', async () => {
    expect(await open(await serve('api', 'TLSv1.1'))({})).toBe('tls');
  });

  it('is refused by a server that speaks plain HTTP', async () => {
    const plain = await startServer((_request, response) => void response.end('clear'));
    try {
      expect(await open(plain.port)({})).toBe('tls');
    } finally {
      await plain.close();
    }
  });

  it('is given up in time when the handshake does not end', async () => {
    raw = await startRawServer(() => undefined);
    expect(await open(raw.port)({ timeoutMs: 100 })).toBe('timeout');
  });

  it('checks certificates whatever the environment says', async () => {
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    try {
      expect(await open(await serve('self-signed'))({})).toBe('tls');
    } finally {
      if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
      else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;
    }
  });

  it('to an override is checked for the host that was asked for', async () => {
    const port = await serve('api');
    const origin = new URL(`https://127.0.0.1:${port}`);
    const request = open(port, { extraCa, overrides: new Map(['api.test', 'other.test'].map((host) => [host, origin])) });
    expect(await request({ url: 'https://api.test/', allowedHosts: ['api.test'] })).toBe('200 in secret');
    expect(await request({ url: 'https://other.test/', allowedHosts: ['other.test'] })).toBe('tls');
  });

  it('is not taken on in clear text by a redirect', async () => {
    const port = await serve('api');
    const plain = await startServer((_request, response) => void response.end('clear'));
    try {
      const to = encodeURIComponent(`http://api.test:${plain.port}/`);
      const allowedHosts = [`api.test:${port}`, `api.test:${plain.port}`];
      expect(await open(port)({ url: `https://api.test:${port}/?to=${to}`, allowedHosts })).toBe('egress_refused');
      expect(plain.seen).toEqual([]);
    } finally {
      await plain.close();
    }
  });

  it.each(['', 'nonsense', '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n'])(
    'is never possible with authorities that cannot be read (%#)',
    (unreadable) => {
      expect(() => open(1, { extraCa: unreadable })).toThrow();
    },
  );
});
