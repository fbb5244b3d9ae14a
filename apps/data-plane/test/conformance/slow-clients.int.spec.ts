import { describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { anUpstreamRoute } from '../an-upstream-route.js';
import { answered, answersOf, untilClosed } from './answers.js';
import { useGateway } from './cases.js';
import { valuesOf } from './fields.js';

const requestTimeoutMs = 2_000;

/** Nothing is waited for without end (RFC 9112 section 9.5). */
describe('a client', () => {
  const gateway = useGateway({
    env: { TORII_REQUEST_TIMEOUT_MS: String(requestTimeoutMs) },
    routes: (url) => [anUpstreamRoute('/idle', [url], { timeouts: { idleMs: 500 } })],
  });
  const { upstream } = gateway;

  it('that never ends its head is answered with 408 and closed, and nothing of it reaches the upstream', async () => {
    const before = upstream.requests.length;
    const connection = gateway.connect().send('GET /loris HTTP/1.1\r\nHost: x\r\nX-A: ');
    const drip = setInterval(() => connection.socket.writable && connection.send('a'), 100);
    try {
      await untilClosed(connection);
      expect(answersOf(connection).map(({ status }) => status)).toEqual([408]);
    } finally {
      clearInterval(drip);
    }
    expect(await gateway.reachedSince(before)).toEqual([]);
  });

  it('that never begins is closed', async () => {
    const connection = gateway.connect();
    await untilClosed(connection);
    expect(connection.received === '' || connection.received.startsWith('HTTP/1.1 408')).toBe(true);
  });

  it('that stops in the middle of its body is answered with 408 and closed, and the upstream does not wait for it', async () => {
    const connection = gateway.connect().send('POST /idle/stops HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    const partial = await upstream.untilPartial('POST /stops');
    await untilClosed(connection);
    const [answer] = answersOf(connection);
    expect([answer?.status, valuesOf(answer?.fields ?? [], 'x-torii-error')]).toEqual([408, ['client.request_timeout']]);
    await eventually(() => partial.isClosed);
  });

  it('that takes longer for its body than a request may take, but goes on, is answered', async () => {
    const connection = gateway.connect().send('POST /slow-body HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\n');
    const startedAtMs = performance.now();
    let sent = 0;
    // The bytes that are left are sent once the time is up.
    await eventually(
      () => {
        if (sent < 29) {
          connection.send('a');
          sent += 1;
        }
        return performance.now() - startedAtMs > 2 * requestTimeoutMs + 500;
      },
      { intervalMs: 250 },
    );
    connection.send('a'.repeat(30 - sent));
    expect((await answered(connection, 1)).map(({ status }) => status)).toEqual([200]);
    connection.socket.destroy();
  });

  it('that never reads does not make the gateway take in all of the answer, and is closed', async () => {
    const piece = 'a'.repeat(64 * 1024);
    let isTaken = 0;
    upstream.answer('/flood', (_request, connection) => {
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n');
      const more = (): void => {
        isTaken += piece.length;
        connection.sendThen(piece, more);
      };
      more();
    });
    const connection = gateway.connect().send('GET /idle/flood HTTP/1.1\r\nHost: x\r\n\r\n');
    connection.socket.pause();
    const flooding = await upstream.untilRequested('/flood');
    await eventually(() => flooding.isClosed);
    expect(isTaken).toBeLessThan(100_000_000);
    connection.socket.destroy();
  });
});
