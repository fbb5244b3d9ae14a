import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { type AllowListProxy, type AllowListProxyLimits, openAllowListProxy } from './allow-list-proxy.js';

let origin: Server;
let place: string;
let proxy: AllowListProxy | undefined;
let refused: string[];

beforeEach(async () => {
  refused = [];
  origin = createServer((incoming, response) => {
    if (incoming.url === '/large') response.end(Buffer.alloc(200_000));
    else response.end(`${incoming.method} ${incoming.url} ${incoming.headers.host}`);
  });
  await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
  place = `127.0.0.1:${(origin.address() as AddressInfo).port}`;
});
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  origin.closeAllConnections();
  await new Promise((resolve) => origin.close(resolve));
});

async function open(allowed: string[], limits: Partial<AllowListProxyLimits> = {}): Promise<URL> {
  proxy = await openAllowListProxy({ allowed, limits, onRefused: (where, why) => refused.push(`${where} ${why}`) });
  return new URL(proxy.url);
}

/** The first bytes that come back when these are sent. */
async function exchange(through: URL, text: string): Promise<{ socket: Socket; answer: string }> {
  const socket = connect(Number(through.port), through.hostname);
  socket.on('error', () => undefined);
  socket.write(text);
  const answer = await new Promise<string>((resolve) => {
    socket.once('data', (chunk) => resolve(chunk.toString('latin1')));
    socket.once('close', () => resolve(''));
  });
  return { socket, answer };
}

function get(through: URL, url: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: through.hostname, port: through.port, path: url, agent: false }, (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
    });
    asked.on('error', reject).end();
  });
}

describe('the proxy for dependencies', () => {
  it('refuses every place that is not on its list, in either form, and says which', async () => {
    const through = await open(['registry.example:443']);

    const tunnel = await exchange(through, `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n`);
    const plain = await get(through, `http://${place}/x`);

    expect(tunnel.answer).toMatch(/^HTTP\/1.1 403 /);
    expect(plain.status).toBe(403);
    expect(refused).toEqual([expect.stringContaining(place), expect.stringContaining(place)]);
  });

  it.each([
    '',
    ':443',
    'registry.example',
    'registry.example:0',
    'registry.example:99999',
    'a@registry.example:443',
    'registry.example:443:443',
    '[::1',
  ])('refuses %j, which is no place', async (target) => {
    const through = await open(['registry.example:443']);

    const { answer } = await exchange(through, `CONNECT ${target} HTTP/1.1\r\nhost: x\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1.1 40[03] |^$/);
  });

  it('takes another port of a host on its list for another place', async () => {
    const through = await open(['127.0.0.1:1']);

    await expect(get(through, `http://${place}/x`)).resolves.toMatchObject({ status: 403 });
  });

  it('tunnels to a place on its list', async () => {
    const through = await open([place]);

    const { socket, answer } = await exchange(through, `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    socket.write('GET /inside HTTP/1.1\r\nhost: registry\r\nconnection: close\r\n\r\n');
    const said = await new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(chunk.toString())));

    expect(said).toContain('GET /inside registry');
  });

  it('passes plain requests on, to the host of the URL', async () => {
    const through = await open([place]);

    await expect(get(through, `http://${place}/x?y=1`)).resolves.toEqual({ status: 200, body: `GET /x?y=1 ${place}` });
  });

  it('answers 502 when a place cannot be reached', async () => {
    const nowhere = '127.0.0.1:1';
    const through = await open([nowhere]);

    const { answer } = await exchange(through, `CONNECT ${nowhere} HTTP/1.1\r\nhost: x\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1.1 502 /);
    await expect(get(through, `http://${nowhere}/`)).resolves.toMatchObject({ status: 502 });
  });

  it('names a place that cannot be reached as its list does, with the port that a URL leaves out', async () => {
    const nowhere = '255.255.255.255:80';
    const through = await open([nowhere]);

    await expect(get(through, 'http://255.255.255.255/')).resolves.toMatchObject({ status: 502 });

    expect(refused).toEqual([expect.stringMatching(/^255\.255\.255\.255:80 /)]);
  });

  it('ends a connection that brings in more than all of them may', async () => {
    const through = await open([place], { receivedMaxBytes: 50_000 });

    await expect(get(through, `http://${place}/large`)).rejects.toThrow();
    await eventually(() => refused.some((line) => line.includes('more than 50000 bytes')) || undefined);
  });

  it('ends connections that are silent', async () => {
    const through = await open([place], { idleTimeoutMs: 50 });
    const { socket } = await exchange(through, `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n`);

    await eventually(() => socket.destroyed);
  });

  it('refuses connections beyond its bound, and serves again when some have ended', async () => {
    const through = await open([place], { connectionsMax: 1 });
    const first = await exchange(through, `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n`);

    await expect(get(through, `http://${place}/x`)).rejects.toThrow();
    first.socket.destroy();

    await eventually(async () => (await get(through, `http://${place}/x`)).status === 200);
  });

  it('ends everything when it is closed', async () => {
    const through = await open([place]);
    const { socket } = await exchange(through, `CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n\r\n`);

    await proxy?.close();
    proxy = undefined;

    await eventually(() => socket.destroyed);
    await expect(get(through, `http://${place}/x`)).rejects.toThrow();
  });
});
