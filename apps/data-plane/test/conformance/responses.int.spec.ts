import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answeringGuest } from '@torii/test-kit';
import { aPlugin } from '../a-node.js';
import { aSlot } from '../a-slot.js';
import { anUpstreamRoute } from '../an-upstream-route.js';
import { answered } from './answers.js';
import { valuesOf } from './fields.js';
import { Gateway } from './gateway.js';

const head = (...lines: readonly string[]): string => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
const chunked = 'Transfer-Encoding: chunked';

/** How the upstream ends: it keeps the connection, ends it, or breaks it off. */
type End = 'keep' | 'end' | 'reset';

/** What upstreams answer (RFC 9112 sections 6.3, 8 and 11.1; RFC 9110 section 15). */
describe('the answer of an upstream', () => {
  const gateway = new Gateway();
  let serial = 0;

  beforeAll(async () => {
    const splitting = aPlugin(gateway.node.artifacts.add(await answeringGuest('{"headers":{"x-a":"1\\r\\nx-b: 2"}}')), {
      name: 'splitting',
      kind: 'response_transformer',
    });
    const naming = aPlugin(gateway.node.artifacts.add(await answeringGuest('{"headers":{"x-a: 1\\r\\nx-b":"2"}}')), {
      name: 'naming',
      kind: 'response_transformer',
    });
    await gateway.start({
      plugins: [splitting, naming],
      routes: (url) => [
        anUpstreamRoute('/hasty', [url], { timeouts: { headersMs: 300, idleMs: 300 }, retries: 0 }),
        anUpstreamRoute('/splitting', [url], {}, { plugins: [aSlot(splitting)] }),
        anUpstreamRoute('/naming', [url], {}, { plugins: [aSlot(naming)] }),
      ],
    });
  });
  afterAll(() => gateway.stop());

  /** What a client gets that sends `request` for a path which the upstream answers by these bytes. */
  const ask = async (bytes: string, end: End = 'keep', { method = 'GET', prefix = '' } = {}) => {
    const path = `/r${serial++}`;
    gateway.upstream.answer(path, (_request, upstream) => {
      if (end === 'end') upstream.sendAndEnd(bytes);
      else upstream.send(bytes);
      if (end === 'reset') upstream.resetSoon();
    });
    const exchange = await gateway.exchange(`${method} ${prefix}${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, [method]);
    return { ...exchange, final: exchange.answers.at(-1) };
  };

  describe.each([
    ['both lengths', `${head('Content-Length: 2', chunked)}2\r\nok\r\n0\r\n\r\n`],
    ['both lengths the other way around', `${head(chunked, 'Content-Length: 2')}2\r\nok\r\n0\r\n\r\n`],
    ['several lengths', `${head('Content-Length: 2', 'Content-Length: 3')}ok`],
    ['a length twice', `${head('Content-Length: 2', 'Content-Length: 2')}ok`],
    ['a length twice in one field', `${head('Content-Length: 2, 2')}ok`],
    ['a length that is none', `${head('Content-Length: 2x')}ok`],
    ['a negative length', `${head('Content-Length: -2')}ok`],
    ['a length beyond all numbers', `${head('Content-Length: 99999999999999999999')}ok`],
    ['a folded header', `${head('X-A: 1', ' 2', 'Content-Length: 2')}ok`],
    ['a space before a colon', `${head('Content-Length : 2')}ok`],
    ['a header without a name', `${head(': 1', 'Content-Length: 2')}ok`],
    ['a header without a colon', `${head('X-A', 'Content-Length: 2')}ok`],
    ['NUL in a header', `${head('X-A: 1\x002', 'Content-Length: 2')}ok`],
    ['a control character in a header', `${head('X-A: 1\x012', 'Content-Length: 2')}ok`],
    ['LF alone as a line end', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
    ['LF alone in its head', 'HTTP/1.1 200 OK\r\nX-A: 1\nContent-Length: 2\r\n\r\nok'],
    ['CR alone in its head', 'HTTP/1.1 200 OK\r\nX-A: 1\rContent-Length: 2\r\n\r\nok'],
    ['no status', 'HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['another version', 'HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a version that is none', 'HTTP/1.x 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a head of 70 KB', `${head(`X-A: ${'a'.repeat(70_000)}`, 'Content-Length: 2')}ok`],
    ['a protocol nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nbytes'],
    ['no byte before its end', ''],
    ['half of a head', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ])('with %s', (_name, bytes) => {
    it('is answered with 502, and nothing of it shows', async () => {
      const { final, statuses } = await ask(bytes, 'end');
      expect([statuses, valuesOf(final?.fields ?? [], 'x-torii-error')]).toEqual([[502], ['upstream.reset']]);
      expect(final?.body).toContain('"status":502');
    });
  });

  it('with 100 Continue, which nobody waits for, comes without it', async () => {
    const { final, statuses } = await ask(`HTTP/1.1 100 Continue\r\n\r\n${head('Content-Length: 2')}ok`);
    expect([statuses, final?.body]).toEqual([[200], 'ok']);
  });

  it('with too many interim answers is answered with 502 behind the first of them', async () => {
    const { final, statuses } = await ask(`${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)}${head('Content-Length: 2')}ok`, 'end');
    expect([statuses.at(-1), valuesOf(final?.fields ?? [], 'x-torii-error')]).toEqual([502, ['upstream.reset']]);
    expect(new Set(statuses.slice(0, -1))).toEqual(new Set([102]));
    expect(statuses.length).toBeLessThan(20);
  });

  describe('whose body breaks', () => {
    it.each<[string, string, End]>([
      ['before its length is reached', `${head('Content-Length: 10')}short`, 'end'],
      ['before its length is reached, without a farewell', `${head('Content-Length: 10')}short`, 'reset'],
      ['before the last chunk', `${head(chunked)}5\r\nshort\r\n`, 'end'],
      ['within a chunk', `${head(chunked)}a\r\nshort`, 'end'],
      ['within the last chunk', `${head(chunked)}5\r\nshort\r\n0\r\n`, 'end'],
      ['within the trailers', `${head(chunked)}5\r\nshort\r\n0\r\nX-A: 1\r\n`, 'end'],
      ['by a chunk size that is none', `${head(chunked)}5\r\nshort\r\nnonsense\r\n`, 'keep'],
      ['by a chunk that is longer than told', `${head(chunked)}5\r\nshorter\r\n0\r\n\r\n`, 'keep'],
      ['by LF alone after a chunk', `${head(chunked)}5\r\nshort\n0\r\n\r\n`, 'keep'],
      ['by a trailer that is none', `${head(chunked)}5\r\nshort\r\n0\r\nX A: 1\r\n\r\n`, 'keep'],
    ])('%s breaks off for the client too, or is answered with 502', async (_name, bytes, end) => {
      const { final, answers } = await ask(bytes, end);
      expect(answers).toHaveLength(1);
      if (final?.status === 502) expect(valuesOf(final.fields, 'x-torii-error')).toEqual(['upstream.reset']);
      else expect([final?.status, final?.isComplete]).toEqual([200, false]);
    });

    it('before its end over many packets breaks off for the client', async () => {
      gateway.upstream.answer('/cut', (_request, upstream) => upstream.send(`${head(chunked)}5\r\nshort\r\n`));
      const connection = gateway.connect().send('GET /cut HTTP/1.1\r\nHost: x\r\n\r\n');
      const upstream = await gateway.upstream.untilRequested('/cut');
      await connection.has('short');
      upstream.reset();
      expect(await connection.whole()).not.toContain('0\r\n\r\n');
    });

    it('by silence breaks off for the client', async () => {
      const { final } = await ask(`${head('Content-Length: 10')}short`, 'keep', { prefix: '/hasty' });
      expect([final?.status, final?.isComplete ?? false]).toEqual(final?.status === 504 ? [504, true] : [200, false]);
    });
  });

  it('that does not come in time is answered with 504', async () => {
    const { final, statuses } = await ask('HTTP/1.1 200 OK\r\nX-Slow', 'keep', { prefix: '/hasty' });
    expect([statuses, valuesOf(final?.fields ?? [], 'x-torii-error')]).toEqual([[504], ['upstream.deadline_exceeded']]);
  });

  describe('passes as it is', () => {
    it.each([
      ['in chunks', `${head(chunked)}2\r\nok\r\n0\r\n\r\n`, 'keep'],
      ['in chunks with extensions', `${head(chunked)}2;a=b\r\nok\r\n0;c\r\n\r\n`, 'keep'],
      ['up to the end of the connection', `${head()}ok`, 'end'],
      ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\n\r\nok', 'end'],
      ['after interim ones', `HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: 1\r\n\r\n${head('Content-Length: 2')}ok`, 'keep'],
    ] as const)('when it comes %s', async (_name, bytes, end) => {
      const { final } = await ask(bytes, end);
      expect([final?.status, final?.body, final?.isComplete]).toEqual([200, 'ok', true]);
    });

    it('with its header fields, byte for byte and in their order', async () => {
      const { final } = await ask(
        `${head('Content-Length: 2', 'X-Bytes: \xc3\xa9\xff', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Empty:', 'X-A: 1, 2')}ok`,
      );
      const fields = final?.fields ?? [];
      expect(['x-bytes', 'set-cookie', 'x-empty', 'x-a'].map((name) => valuesOf(fields, name))).toEqual([
        ['\xc3\xa9\xff'],
        ['a=1', 'b=2'],
        [''],
        ['1, 2'],
      ]);
    });

    it('but for what is of the connection, and what says that it is ours', async () => {
      const { final } = await ask(
        `${head('Content-Length: 2', 'Connection: X-Hop, content-length', 'X-Hop: 1', 'Keep-Alive: timeout=1', 'Proxy-Authenticate: a', 'Upgrade: x', 'X-Torii-Error: client.gone')}ok`,
      );
      const fields = final?.fields ?? [];
      for (const name of ['x-hop', 'keep-alive', 'proxy-authenticate', 'upgrade', 'x-torii-error'])
        expect([name, valuesOf(fields, name)]).toEqual([name, []]);
      expect([final?.body, valuesOf(fields, 'content-length')]).toEqual(['ok', ['2']]);
    });
  });

  describe('without a body', () => {
    it.each([
      ['204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nextra', 'GET', 204],
      ['304', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nextra', 'GET', 304],
      ['204 in chunks', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nextra\r\n0\r\n\r\n', 'GET', 204],
      ['HEAD', `${head('Content-Length: 5')}extra`, 'HEAD', 200],
      ['HEAD in chunks', `${head(chunked)}5\r\nextra\r\n0\r\n\r\n`, 'HEAD', 200],
    ])('(%s) has none for the client, whatever the upstream sends', async (_name, bytes, method, status) => {
      for (let round = 0; round < 3; round += 1) {
        const { final, answers } = await ask(bytes, 'keep', { method });
        expect([answers.length, final?.status, final?.body]).toEqual([1, status, '']);
      }
    });
  });

  it('with bytes after its end does not give them to the next client', async () => {
    const evil = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
    for (const bytes of [
      `${head('Content-Length: 2')}ok${evil}`,
      `${head(chunked)}2\r\nok\r\n0\r\n\r\n${evil}`,
      `HTTP/1.1 204 No Content\r\n\r\n${evil}`,
    ]) {
      for (let round = 0; round < 5; round += 1) {
        expect((await ask(bytes)).final?.body).not.toContain('evil');
        expect((await ask(`${head('Content-Length: 4')}mine`)).final?.body).toBe('mine');
      }
    }
  });

  it('with bytes after its end that come late does not give them to the next client', async () => {
    gateway.upstream.answer('/late', (_request, upstream) => upstream.send(`${head('Content-Length: 2')}ok`));
    const connection = gateway.connect().send('GET /late HTTP/1.1\r\nHost: x\r\n\r\n');
    await answered(connection, 1);
    (await gateway.upstream.untilRequested('/late')).send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    for (let round = 0; round < 5; round += 1) expect((await ask(`${head('Content-Length: 4')}mine`)).final?.body).toBe('mine');
    connection.socket.destroy();
  });

  it('is not split by what a plugin adds to it', async () => {
    for (const prefix of ['/splitting', '/naming']) {
      const { final, answers } = await ask(`${head('Content-Length: 2')}ok`, 'keep', { prefix });
      expect([prefix, answers.length, final?.status, valuesOf(final?.fields ?? [], 'x-b')]).toEqual([prefix, 1, 502, []]);
    }
  });

  it('has its trailers passed on, but none that must come before the body', async () => {
    const { final } = await ask(
      `${head(chunked, 'Trailer: X-Sum')}2\r\nok\r\n0\r\nX-Sum: 1\r\nHost: evil\r\nSet-Cookie: a=b\r\nAuthorization: c\r\nConnection: close\r\nX-Torii-Error: d\r\n\r\n`,
    );
    expect([final?.body, final?.trailers]).toEqual(['ok', [['x-sum', '1']]]);
  });
});
