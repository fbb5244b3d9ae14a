import { describe, expect, it } from '@jest/globals';
import { answered, answersOf, untilClosed } from './answers.js';
import { type Case, closed, passed, testCases, useGateway } from './cases.js';
import { valuesOf } from './fields.js';
import { probe } from './gateway.js';

const get = (...lines: readonly string[]): string => `GET /c HTTP/1.1\r\nHost: x\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;

/** RFC 9110 sections 7.6.1 and 10.1.1, RFC 9112 section 9. */
describe('a connection', () => {
  const gateway = useGateway();

  describe('with a Connection header', () => {
    const cases: readonly Case[] = [
      [
        'that names others',
        get('Connection: X-A, x-b', 'X-A: 1', 'X-B: 2', 'X-C: 3'),
        passed({ fields: { 'x-a': [], 'x-b': [], 'x-c': ['3'], connection: ['keep-alive'] } }),
      ],
      ['twice', get('Connection: X-A', 'Connection: X-B', 'X-A: 1', 'X-B: 2'), passed({ fields: { 'x-a': [], 'x-b': [] } })],
      ['with empty members', get('Connection: ,, X-A ,', 'X-A: 1'), passed({ fields: { 'x-a': [] } })],
      [
        'that names what the gateway adds',
        get('Connection: x-forwarded-for, x-forwarded-host, forwarded, x-request-id', 'X-Forwarded-For: 10.0.0.1'),
        passed({
          fields: {
            'x-forwarded-for': ['10.0.0.1, 127.0.0.1'],
            'x-forwarded-host': ['x'],
            forwarded: [expect.any(String)] as never,
            'x-request-id': [expect.any(String)] as never,
          },
        }),
      ],
      ['that names itself', get('Connection: connection, X-A', 'X-A: 1'), passed({ fields: { 'x-a': [] } })],
      ['that names nonsense', get('Connection: "x;=, \\', 'X-A: 1'), passed({ fields: { 'x-a': ['1'] } })],
      [
        'and others of the connection',
        get('Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive', 'Proxy-Authorization: a', 'TE: trailers', 'Trailer: X', 'Upgrade: x'),
        passed({ fields: { 'keep-alive': [], 'proxy-connection': [], 'proxy-authorization': [], te: [], trailer: [], upgrade: [] } }),
      ],
    ];
    testCases(gateway, cases);
  });

  describe('with Expect', () => {
    const post = (expectation: string): string => `POST /e HTTP/1.1\r\nHost: x\r\nExpect: ${expectation}\r\nContent-Length: 2\r\n\r\nhi`;
    const cases: readonly Case[] = [
      ['of 100-continue', post('100-continue'), passed({ body: 'hi', fields: { expect: [] } })],
      ['of 100-Continue', post('100-Continue'), passed({ body: 'hi' })],
      ['of something else', post('200-ok'), ['refused', 417]],
    ];
    testCases(gateway, cases);
  });

  describe('with Upgrade', () => {
    const upgrade = (lines: string, body = ''): string => `POST /u HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: ${lines}\r\n\r\n${body}`;
    it.each([
      ['to HTTP/2', get('Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'), ''],
      ['and a body', upgrade('websocket\r\nContent-Length: 2', 'hi'), 'hi'],
      ['and a body in chunks', upgrade('websocket\r\nTransfer-Encoding: chunked', '2\r\nhi\r\n0\r\n\r\n'), 'hi'],
      ['of HTTP/1.0', 'GET /u HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', ''],
    ])('%s is answered as if it did not ask, and closed', async (_name, bytes, body) => {
      const { statuses, reached } = await gateway.exchange(`${bytes}${probe}`);
      expect([statuses, reached.map((request) => request.body)]).toEqual([[200], [body]]);
      expect(reached[0]?.fields.filter(([name]) => /^(upgrade|http2-settings)$/i.test(name))).toEqual([]);
    });

    testCases(gateway, [['and both lengths', upgrade('websocket\r\nContent-Length: 2\r\nTransfer-Encoding: chunked', '0\r\n\r\n'), closed]]);

    it('behind another request is answered after it, and does not change the protocol', async () => {
      gateway.upstream.answer('/before', () => undefined);
      const connection = gateway.connect().send(`GET /before HTTP/1.1\r\nHost: x\r\n\r\n${get('Connection: Upgrade', 'Upgrade: websocket')}`);
      const first = await gateway.upstream.untilRequested('/before');
      await gateway.upstream.untilRequested('/c');
      first.send('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nbefore');
      expect((await answered(connection, 2)).map(({ body }) => body)).toEqual(['before', 'ok']);
      connection.socket.destroy();
    });
  });

  it('is closed after the answer when the request asks for that, and what follows is nothing', async () => {
    for (const rest of ['', '\r\n', probe, 'nonsense\r\n\r\n']) {
      const { statuses, reached } = await gateway.exchange(`${get('Connection: close')}${rest}`);
      expect([rest, statuses, reached.map(({ target }) => target)]).toEqual([rest, [200], ['/c']]);
    }
  });

  it('of HTTP/1.0 is closed after the answer unless it asks for the contrary', async () => {
    const old = (line: string): string => `POST /old HTTP/1.0\r\n${line}Content-Length: 2\r\n\r\nhi`;
    const { statuses, reached } = await gateway.exchange(`${old('')}\r\n${probe}`);
    expect([statuses, reached.map(({ target, body, version }) => [target, body, version])]).toEqual([[200], [['/old', 'hi', '1.1']]]);
    const kept = await gateway.exchange(`${old('Connection: keep-alive\r\n')}${probe}`);
    expect([kept.statuses, kept.reached.length]).toEqual([[200, 200], 2]);
    expect(valuesOf(kept.answers[0]?.fields ?? [], 'connection')).toEqual(['keep-alive']);
  });

  it('of HTTP/1.0 gets no chunks and no interim answers', async () => {
    gateway.upstream.answer('/old-chunks', (_request, upstream) =>
      upstream.send(
        'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      ),
    );
    const { answers, ending } = await gateway.exchange('GET /old-chunks HTTP/1.0\r\n\r\n');
    expect(answers.map(({ status, body }) => [status, body])).toEqual([[200, 'ok']]);
    expect(valuesOf(answers[0]?.fields ?? [], 'transfer-encoding')).toEqual([]);
    expect(ending).toBe('ended');
  });

  it('answers requests that were sent at once in their order, whichever the upstream answers first', async () => {
    gateway.upstream.answer('/slow', () => undefined);
    const connection = gateway.connect().send(['/slow', '/quick', '/quick'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    const slow = await gateway.upstream.untilRequested('/slow');
    await gateway.upstream.untilRequested('/quick', 2);
    slow.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nslow');
    expect((await answered(connection, 3)).map(({ body }) => body)).toEqual(['slow', 'ok', 'ok']);
    connection.socket.destroy();
  });

  it('answers what came before bytes that are no request, then refuses these', async () => {
    gateway.upstream.answer('/pending', () => undefined);
    const connection = gateway.connect().send(`GET /pending HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n${probe}`);
    const pending = await gateway.upstream.untilRequested('/pending');
    pending.send('HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\npending');
    await untilClosed(connection);
    expect(answersOf(connection).map(({ status, body }) => [status, body])).toEqual([
      [200, 'pending'],
      [400, ''],
    ]);
  });

  it('is broken off when a request breaks after its answer has begun, and never shows a second one in it', async () => {
    gateway.upstream.answer('/begun', () => undefined);
    const connection = gateway.connect().send('POST /begun HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n');
    const upstream = await gateway.upstream.untilPartial('POST /begun');
    upstream.send('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegun');
    await connection.has('begun');
    connection.send(`nonsense\r\n${probe}`);
    await untilClosed(connection);
    expect(connection.received.endsWith('begun')).toBe(true);
  });

  it('that asks for a tunnel is closed', async () => {
    const { reached } = await gateway.exchange(`CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n${probe}`);
    expect(reached).toEqual([]);
  });
});
