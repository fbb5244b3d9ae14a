import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { eventually } from '@torii/test-kit';
import { answered, answersOf, untilClosed } from './answers.js';
import { useGateway } from './cases.js';
import { valuesOf } from './fields.js';

/** What clients do that leave, hurry or break off (RFC 9112 sections 7.1, 8, 9.3.2 and 9.6). */
describe('a client', () => {
  const gateway = useGateway();
  const { upstream } = gateway;

  it('that sends no more after its request gets its answer', async () => {
    upstream.answer('/half-closed', () => undefined);
    for (const version of ['1.1', '1.0']) {
      const connection = gateway.connect().send(`GET /half-closed?${version} HTTP/${version}\r\nHost: x\r\n\r\n`);
      connection.socket.end();
      const pending = await upstream.untilRequested(`/half-closed?${version}`);
      pending.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nlate');
      await untilClosed(connection);
      const last = answersOf(connection).at(-1);
      expect([version, last?.status, last?.body]).toEqual([version, 200, 'late']);
    }
  });

  it('that sends no more after several requests gets all answers', async () => {
    upstream.answer('/first', () => undefined);
    const connection = gateway.connect().send(['/first', '/second', '/third'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    connection.socket.end();
    const first = await upstream.untilRequested('/first');
    await upstream.untilRequested('/third');
    first.send('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst');
    expect((await answered(connection, 3)).map(({ body }) => body)).toEqual(['first', 'ok', 'ok']);
    expect(await untilClosed(connection)).toBe('ended');
  });

  it('whose second request breaks gets the answer to the first', async () => {
    upstream.answer('/whole', () => undefined);
    const broken = 'POST /broken HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n';
    const connection = gateway.connect().send(`GET /whole HTTP/1.1\r\nHost: x\r\n\r\n${broken}`);
    const whole = await upstream.untilRequested('/whole');
    whole.send('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwhole');
    await untilClosed(connection);
    expect(answersOf(connection).map(({ status }) => status)).toEqual([200, 400]);
  });

  it('that sends no more in the middle of its head or body is refused', async () => {
    const before = upstream.requests.length;
    for (const bytes of [
      'GET /cut-head HTTP/1.1\r\nHost: x\r\n',
      'POST /cut-body HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf',
      'GET /cut',
    ]) {
      const connection = gateway.connect().send(bytes);
      connection.socket.end();
      await untilClosed(connection);
      expect([bytes, answersOf(connection).map(({ status }) => status)]).toEqual([bytes, [400]]);
    }
    expect(await gateway.reachedSince(before)).toEqual([]);
    await eventually(() => upstream.connections.every(({ rest, isClosed }) => isClosed || !rest.includes('/cut')));
  });

  it.each(['ends', 'breaks off'])('that %s its connection while it waits for an answer is given up at the upstream', async (how) => {
    const path = `/gone-${how === 'ends' ? 'end' : 'reset'}`;
    upstream.answer(path, () => undefined);
    const connection = gateway.connect().send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
    const pending = await upstream.untilRequested(path);
    if (how === 'ends') connection.socket.destroy();
    else connection.socket.resetAndDestroy();
    await eventually(() => pending.isClosed);
  });

  it('that leaves in the middle of an answer is given up at the upstream', async () => {
    upstream.answer('/stream', (_request, connection) => connection.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n'));
    const connection = gateway.connect().send('GET /stream HTTP/1.1\r\nHost: x\r\n\r\n');
    const streaming = await upstream.untilRequested('/stream');
    await connection.has('hi');
    connection.socket.destroy();
    await eventually(() => streaming.isClosed);
  });

  it.each(['Content-Length: 100\r\n\r\nsome', 'Transfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n'])(
    'that leaves in the middle of an upload (%j) is given up at the upstream, which never sees a whole request',
    async (rest) => {
      const before = upstream.requests.length;
      const connection = gateway.connect().send(`POST /aborted HTTP/1.1\r\nHost: x\r\n${rest}`);
      const partial = await upstream.untilPartial('POST /aborted');
      connection.socket.destroy();
      await eventually(() => partial.isClosed);
      expect(await gateway.reachedSince(before)).toEqual([]);
    },
  );

  it('whose chunks turn to nonsense is refused, and the upstream never sees a whole request', async () => {
    const before = upstream.requests.length;
    const connection = gateway.connect().send('POST /nonsense HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n');
    const partial = await upstream.untilPartial('POST /nonsense');
    connection.send('nonsense\r\n');
    await eventually(() => partial.isClosed);
    await untilClosed(connection);
    expect(answersOf(connection).map(({ status }) => status)).toEqual([400]);
    expect(await gateway.reachedSince(before)).toEqual([]);
  });

  it('gets an answer that comes before the end of its upload, and its connection is left in step', async () => {
    const connection = gateway.connect().send('POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n01234');
    const partial = await upstream.untilPartial('POST /early');
    partial.send('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
    expect((await answered(connection, 1)).map(({ status, body }) => [status, body])).toEqual([[403, 'no']]);
    connection.send('56789GET /after HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await untilClosed(connection);
    const answers = answersOf(connection);
    expect(answers.slice(1).every(({ status }) => status === 200)).toBe(true);
    expect(upstream.requests.filter(({ target }) => target === '/after')).toHaveLength(answers.length - 1);
  });

  it('is cut off where an answer broke off that was to follow an earlier one', async () => {
    upstream.answer('/before-cut', () => undefined);
    upstream.answer('/cut', (_request, far) => far.sendAndEnd('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf-'));
    const connection = gateway.connect().send(['/before-cut', '/cut'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''));
    const first = await upstream.untilRequested('/before-cut');
    const cut = await upstream.untilRequested('/cut');
    await eventually(() => cut.isClosed);
    first.send('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst');
    await untilClosed(connection);
    expect(connection.received).not.toContain('HTTP/1.1 502');
  });

  it('that breaks off its connection as soon as it has asked is never asked for under no address', async () => {
    const before = upstream.requests.length;
    for (let left = 100; left > 0; left -= 1) {
      const { socket } = gateway.connect();
      await once(socket, 'connect');
      socket.write('POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi', () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    for (let left = 100; left > 0; left -= 1) {
      const connection = gateway.connect().send('GET /known HTTP/1.1\r\nHost: x\r\n\r\n');
      await answered(connection, 1);
      connection.send('POST /reset HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi').socket.resetAndDestroy();
    }
    const addresses = (await gateway.reachedSince(before)).map(({ fields }) => valuesOf(fields, 'x-forwarded-for').join());
    expect(new Set(addresses)).toEqual(new Set(['127.0.0.1']));
  });

  it('whose second request is the last gets both answers, and is told so with the second', async () => {
    const refused = 'GET /first HTTP/1.1\r\nHost: x y\r\n\r\n';
    const last = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    const connection = gateway.connect().send(`${refused}${last}`);
    await untilClosed(connection);
    const answers = answersOf(connection);
    expect(answers.map(({ status, fields }) => [status, valuesOf(fields, 'connection')])).toEqual([
      [400, ['keep-alive']],
      [200, ['close']],
    ]);
  });

  it('that sends very many requests at once is closed, and holds nobody else up', async () => {
    const before = upstream.requests.length;
    const connection = gateway.connect().send('GET /many HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20_000));
    await untilClosed(connection);
    const { statuses } = await gateway.exchange('GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(statuses).toEqual([200]);
    expect(upstream.requests.slice(before).filter(({ target }) => target === '/many').length).toBeLessThan(1_000);
  });

  it('that sends a hundred requests at once gets all answers', async () => {
    const connection = gateway.connect().send('GET /hundred HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100));
    expect((await answered(connection, 100)).every(({ status }) => status === 200)).toBe(true);
    connection.socket.destroy();
  });
});
