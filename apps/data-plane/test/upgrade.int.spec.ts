import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answeringGuest, eventually } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { RawConnection, type RawUpstream, startRawUpstream } from './raw-http.js';

const asks = (path: string, more = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${more}\r\n`;
const switches =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n';

describe('a connection that is to speak another protocol', () => {
  const node = new TestNode();
  let upstream: RawUpstream;
  let ends: Socket[] = [];

  beforeAll(async () => {
    upstream = await startRawUpstream((socket, received, connection) => {
      const head = received.slice(0, received.indexOf('\r\n\r\n') + 4);
      if (head.includes('/refuses')) socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      else if (head.includes('/closes')) socket.destroy();
      else if (head.includes('/silent')) return;
      else if (ends[connection] === undefined) {
        ends[connection] = socket;
        socket.write(`${switches}hello`);
        socket.once('end', () => socket.end('bye'));
      } else socket.write(received.slice(-1));
    });
    await node.start({ TORII_SHUTDOWN_TIMEOUT_MS: '500' });
    const hello = aPlugin(node.artifacts.add(await answeringGuest('{"body_str":"a function"}')), { name: 'hello' });
    const gate = aPlugin(node.artifacts.add(await answeringGuest('{"result":false}')), { name: 'gate', kind: 'access_validator' });
    await node.apply(
      [hello, gate],
      [
        anUpstreamRoute('/ws', [upstream.url]),
        anUpstreamRoute('/ws/silent', [upstream.url], { timeouts: { headersMs: 200 } }, { stripPath: false }),
        anUpstreamRoute('/idle', [upstream.url], { timeouts: { idleMs: 200 } }),
        anUpstreamRoute('/gated', [upstream.url], {}, { plugins: [aSlot(gate)] }),
        aRoute(hello, '/function'),
      ],
    );
  });
  afterAll(async () => {
    await node.stop();
    await upstream.close();
  });

  const open = async (path = '/ws/chat'): Promise<RawConnection> => {
    const client = new RawConnection(node.proxyUrl).send(asks(path));
    await client.has('HTTP/1.1 101 Switching Protocols\r\n', 'hello');
    return client;
  };

  it('carries bytes both ways, those sent along with the heads too', async () => {
    const client = new RawConnection(node.proxyUrl).send(`${asks('/ws/chat?a=%20')}1`);
    await client.has('hello1');
    expect(client.received).toMatch(/^HTTP\/1.1 101 [\s\S]*sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n[\s\S]*x-request-id: rq_/i);
    const head = upstream.received.at(-1) ?? '';
    expect(head).toMatch(/^GET \/chat\?a=%20 HTTP\/1.1\r\n/);
    expect(head).toMatch(/\r\nupgrade: websocket\r\n/i);
    expect(head).toMatch(/\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n/i);
    expect(head.match(/\r\nconnection: .*\r\n/gi)).toEqual(['\r\nconnection: upgrade\r\n']);
    client.send('2');
    await client.has('hello12');
    client.socket.destroy();
  });

  it('ends each way by itself', async () => {
    const client = await open();
    client.socket.end();
    await client.has('hellobye');
    expect(await client.whole()).toMatch(/bye$/);
    await eventually(() => expect(node.node.logs.some((line) => line.includes('"status":101') && !line.includes('"code"'))).toBe(true));
  });

  it('ends on both sides when one of them breaks off', async () => {
    const first = await open();
    ends.at(-1)?.resetAndDestroy();
    await first.whole();
    const second = await open();
    const closed = new Promise((resolve) => ends.at(-1)?.once('close', resolve));
    second.socket.resetAndDestroy();
    await closed;
  });

  it('is closed when nothing moves for idleMs', async () => {
    await (await open('/idle/x')).whole();
    await eventually(() =>
      expect(node.node.logs.some((line) => line.includes('"status":101') && line.includes('upstream.deadline_exceeded'))).toBe(true),
    );
  });

  it.each([
    ['refuses', '/ws/refuses', /^HTTP\/1.1 403 [\s\S]*\r\n\r\nno$/],
    ['closes', '/ws/closes', /^HTTP\/1.1 502 [\s\S]*upstream.reset/],
    ['does not answer', '/ws/silent', /^HTTP\/1.1 504 [\s\S]*upstream.deadline_exceeded/],
  ])('gets the answer of an upstream that %s', async (_, path, expected) => {
    expect(await new RawConnection(node.proxyUrl).send(asks(path)).whole()).toMatch(expected);
  });

  it.each([
    ['a slot refuses it', '/gated/x', /^HTTP\/1.1 403 [\s\S]*access was denied/],
    ['a function answers', '/function', /^HTTP\/1.1 200 [\s\S]*a function$/],
    ['there is no route', '/nowhere', /^HTTP\/1.1 404 [\s\S]*routing.no_route/],
  ])('gets the answer of any other request when %s', async (_, path, expected) => {
    const before = upstream.received.length;
    expect(await new RawConnection(node.proxyUrl).send(asks(path)).whole()).toMatch(expected);
    expect(upstream.received.length).toBe(before);
  });

  it.each([
    ['to HTTP/2', asks('/function').replace('websocket', 'h2c')],
    ['with a body, which is no bytes of the protocol', `${asks('/function', 'Content-Length: 5\r\n')}hello`],
  ])('keeps to HTTP, for one answer, when it asks %s', async (_, sent) => {
    const answer = await new RawConnection(node.proxyUrl).send(sent).whole();
    expect(answer).toMatch(/^HTTP\/1.1 200 [\s\S]*connection: close\r\n[\s\S]*a function$/i);
  });

  it('is closed in the end when the node stops', async () => {
    const client = await open();
    await node.stopProcess();
    await client.whole();
    ends = [];
  });
});
