import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startUpstream, type Upstream } from '@torii/test-kit';
import { TestNode } from './a-node.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { RawConnection } from './raw-http.js';

const folder = path.join(import.meta.dirname, '../../../packages/wasm-runtime/test/tls');
const pem = (name: string): Promise<string> => readFile(path.join(folder, `${name}.pem`), 'utf8');

describe('an upstream over TLS', () => {
  const node = new TestNode();
  const servers: Server[] = [];
  const serverNames: (string | false)[] = [];
  let plain: Upstream;

  /** A server with this certificate. */
  async function serve(certificate: string): Promise<string> {
    const server = createServer({ cert: await pem(certificate), key: await pem('key') }, (req, res) => {
      serverNames.push((req.socket as TLSSocket & { servername?: string | false }).servername ?? false);
      res.end(`in secret to ${req.headers.host}`);
    });
    server.on('upgrade', (_req, socket, head) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n');
      socket.write(head);
      socket.pipe(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  beforeAll(async () => {
    plain = await startUpstream();
    const [api, other, expired, selfSigned] = await Promise.all(['api', 'other', 'expired', 'self-signed'].map(serve));
    const caPem = await pem('ca');
    const tls = { caPem, serverName: 'api.test' };
    await node.start();
    await node.apply(
      [],
      [
        anUpstreamRoute('/known', [api ?? ''], { tls }),
        anUpstreamRoute('/kept-host', [api ?? ''], { tls, preserveHost: true }),
        anUpstreamRoute('/unknown', [api ?? ''], { tls: { serverName: 'api.test' } }),
        anUpstreamRoute('/unverified', [selfSigned ?? ''], { tls: { verify: false } }),
        anUpstreamRoute('/wrong-name', [other ?? ''], { tls }),
        anUpstreamRoute('/expired', [expired ?? ''], { tls }),
        anUpstreamRoute('/self-signed', [selfSigned ?? ''], { tls }),
        anUpstreamRoute('/plain', [plain.url.replace('http:', 'https:')], { tls }),
      ],
    );
  });
  afterAll(async () => {
    await node.stop();
    await plain.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const ask = async (route: string, headers: Record<string, string> = {}): Promise<[number, string]> => {
    const response = await fetch(`${node.proxyUrl}${route}`, { headers });
    const text = await response.text();
    return [response.status, response.headers.get('x-torii-error') ?? text];
  };

  it('is trusted by the authorities of its route, and asked for by the name that stands there', async () => {
    serverNames.length = 0;
    expect(await ask('/known')).toEqual([200, expect.stringContaining('in secret to 127.0.0.1:')]);
    expect(serverNames).toEqual(['api.test']);
  });

  it('gets the host of the request where the route says so, over the same connection whatever that is', async () => {
    const host = new URL(node.proxyUrl).host;
    expect(await ask('/kept-host')).toEqual([200, `in secret to ${host}`]);
    expect(serverNames.at(-1)).toBe('api.test');
  });

  it('is not asked who it is where the route says so', async () => {
    expect((await ask('/unverified'))[0]).toBe(200);
  });

  it('carries another protocol both ways, to the end of each', async () => {
    const head = 'GET /known/x HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n';
    const client = new RawConnection(node.proxyUrl).send(`${head}1`);
    await client.has('HTTP/1.1 101 ', '\r\n\r\n1');
    client.send('2');
    await client.has('\r\n\r\n12');
    client.socket.end('3');
    expect(await client.whole()).toMatch(/\r\n\r\n123$/);
  });

  it.each(['/unknown', '/wrong-name', '/expired', '/self-signed', '/plain'])('that cannot be trusted gets no request: %s', async (route) => {
    const before = serverNames.length + plain.calls();
    expect(await ask(route)).toEqual([502, 'upstream.tls']);
    expect(serverNames.length + plain.calls()).toBe(before);
  });
});
