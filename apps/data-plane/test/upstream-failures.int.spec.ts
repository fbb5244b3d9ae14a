import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { TestNode } from './a-node.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { RawConnection, type RawUpstream, startRawUpstream } from './raw-http.js';

/** Kept for longer than any of these tests takes. */
const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nKeep-Alive: timeout=60\r\n\r\nok';
const longMs = 60_000;
/** A machine that stands still for a moment does not take so long for what is to succeed; what is to be late waits for it. */
const shortMs = 5_000;
/** Nobody listens there: it takes the rights of the system. */
const refusing = 'http://127.0.0.1:1';

describe('an upstream in trouble', () => {
  const node = new TestNode();
  /** One whose requests may take little time. */
  const short = new TestNode();
  let good: Upstream;
  let raw: RawUpstream;
  /** What the raw upstream does with what has come on a connection. */
  let act: (socket: Socket, received: string, connection: number) => void = () => undefined;

  beforeAll(async () => {
    good = await startUpstream((_req, res) => void res.end('good'));
    raw = await startRawUpstream((socket, received, connection) => act(socket, received, connection));
    await node.start({ TORII_REQUEST_TIMEOUT_MS: String(longMs) });
    await short.start({ TORII_REQUEST_TIMEOUT_MS: String(shortMs) });
    await short.apply([], [anUpstreamRoute('/line', [raw.url], { connectionsMax: 1, queueWaitMs: longMs })]);
    const never = { health: { passive: { failures: 0 } } };
    await node.apply(
      [],
      [
        anUpstreamRoute('/refusing', [refusing], never),
        anUpstreamRoute('/nameless', ['http://no-such-host.invalid'], never),
        anUpstreamRoute('/link-local', ['http://169.254.169.254'], never),
        anUpstreamRoute('/headers', [raw.url], { ...never, timeouts: { headersMs: 100 } }),
        anUpstreamRoute('/idle', [raw.url], { ...never, timeouts: { idleMs: 100 } }),
        anUpstreamRoute('/raw', [raw.url], never),
        anUpstreamRoute('/slow-body', [raw.url], { ...never, timeouts: { headersMs: shortMs } }),
        anUpstreamRoute('/connect', [raw.url.replace('http:', 'https:')], { ...never, timeouts: { connectMs: 100 } }),
        anUpstreamRoute('/connect-next', [raw.url.replace('http:', 'https:'), good.url], { ...never, timeouts: { connectMs: 1_000 } }),
        anUpstreamRoute('/next', [refusing, good.url], never),
        anUpstreamRoute('/next-raw', [raw.url, good.url], never),
        anUpstreamRoute('/no-retry', [refusing, good.url], { ...never, retries: 0 }),
        anUpstreamRoute('/one', [raw.url], { ...never, connectionsMax: 1, queuedMax: 1, queueWaitMs: 200 }),
        anUpstreamRoute('/ejected', [refusing, good.url], { retries: 0, health: { passive: { failures: 2, ejectMs: 3_600_000 } } }),
        anUpstreamRoute('/alone', [refusing], { health: { passive: { failures: 1, ejectMs: 3_600_000 } } }),
        anUpstreamRoute('/backup', [], {
          targets: [{ url: refusing }, { url: good.url, backup: true }],
          retries: 0,
          health: { passive: { failures: 1, ejectMs: 3_600_000 } },
        }),
      ],
    );
  });
  afterAll(async () => {
    await node.stop();
    await short.stop();
    await good.close();
    await raw.close();
  });

  const ask = async (path: string, options: RequestInit = {}): Promise<[number, string | null]> => {
    const response = await fetch(`${node.proxyUrl}${path}`, options);
    await response.arrayBuffer().catch(() => undefined);
    return [response.status, response.headers.get('x-torii-error')];
  };
  /** Twice the time that the routes for it give, which is idleMs of others as well. */
  const asLongAsHeadersMs = async (): Promise<void> => {
    for (let time = 0; time < 2; time += 1) expect(await ask('/headers/x')).toEqual([504, 'upstream.deadline_exceeded']);
  };
  const last = (values: readonly string[]): string => values.at(-1) ?? '';

  it.each([
    ['refuses connections', '/refusing'],
    ['has a name that does not resolve', '/nameless'],
    ['has a link-local address', '/link-local'],
  ])('that %s is unreachable', async (_, path) => {
    expect(await ask(path)).toEqual([502, 'upstream.unreachable']);
  });

  it.each<[string, string, number, string]>([
    ['closes without an answer', '', 502, 'upstream.reset'],
    ['answers what is no HTTP', 'hello\r\n\r\n', 502, 'upstream.reset'],
    ['answers a length twice', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', 502, 'upstream.reset'],
    ['answers a length and a coding', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 502, 'upstream.reset'],
    ['changes the protocol unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n', 502, 'upstream.reset'],
    ['has a head without end', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(70_000)}`, 502, 'upstream.reset'],
    ['says again and again that it is at work', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(17), 502, 'upstream.reset'],
  ])('that %s has failed', async (_, bytes, status, code) => {
    act = (socket) => (bytes === '' ? socket.destroy() : socket.write(bytes));
    expect(await ask('/raw/x')).toEqual([status, code]);
  });

  it('gets headersMs to answer, not counting the time in which a body comes', async () => {
    act = () => undefined;
    expect(await ask('/headers/x')).toEqual([504, 'upstream.deadline_exceeded']);
    act = (socket, received) => received.endsWith('0\r\n\r\n') && socket.write(answer);
    const client = new RawConnection(node.proxyUrl).send('POST /slow-body/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const startedAtMs = performance.now();
    for (let pieces = 1; performance.now() - startedAtMs < 1.2 * shortMs; pieces += 1) {
      client.send('1\r\nx\r\n');
      const body = 'x'.repeat(pieces);
      await eventually(() => expect(last(raw.received).split('\r\n\r\n')[1]?.replace(/[^x]/g, '')).toBe(body));
    }
    client.send('0\r\n\r\n');
    await client.has('HTTP/1.1 200', 'ok');
    client.socket.destroy();
  });

  it('gets connectMs to open a connection, TLS included, and then the next target is asked', async () => {
    act = () => undefined;
    expect(await ask('/connect')).toEqual([502, 'upstream.unreachable']);
    for (let time = 0; time < 2; time += 1) expect(await ask('/connect-next')).toEqual([200, null]);
  });

  it('gets no more than headersMs when the body has taken longer than that', async () => {
    act = () => undefined;
    const client = new RawConnection(node.proxyUrl).send('POST /headers/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nx');
    await asLongAsHeadersMs();
    client.send('x');
    expect(await client.whole()).toMatch(/^HTTP\/1.1 504 /);
  });

  it('gets no more than idleMs when its head has taken longer than that', async () => {
    let answering: Socket | undefined;
    act = (socket, received) => {
      if (received.startsWith('GET /late ')) answering = socket;
    };
    const client = new RawConnection(node.proxyUrl).send('GET /idle/late HTTP/1.1\r\nHost: x\r\n\r\n');
    await eventually(() => expect(answering).toBeDefined());
    await asLongAsHeadersMs();
    answering?.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin');
    expect(await client.whole()).toMatch(/begin$/);
  });

  it('gets idleMs between the bytes of its answer, and then its client is cut off', async () => {
    act = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin');
    const client = new RawConnection(node.proxyUrl).send('GET /idle/x HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await client.whole()).toMatch(/begin$/);
    await eventually(() =>
      expect(node.node.logs.some((line) => line.includes('"code":"upstream.deadline_exceeded"') && line.includes('"status":200'))).toBe(true),
    );
  });

  it('is not blamed for a client that does not go on with its body', async () => {
    act = () => undefined;
    const client = new RawConnection(node.proxyUrl).send('POST /idle/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbegin');
    expect(await client.whole()).toMatch(/^HTTP\/1.1 408 /);
  });

  describe('that did not get the request', () => {
    it('leaves it to the next target, whatever the request is', async () => {
      for (let time = 0; time < 4; time += 1) expect((await ask('/next', { method: 'POST', body: 'x' }))[0]).toBe(200);
    });

    it('leaves it at that without further tries', async () => {
      const statuses = new Set<number>();
      for (let time = 0; time < 4; time += 1) statuses.add((await ask('/no-retry'))[0]);
      expect([...statuses].sort()).toEqual([200, 502]);
    });
  });

  describe('that got the request and closed', () => {
    /** Two requests on one connection of the upstream, which closes at the second, as servers do that have waited long enough. */
    const staleThen = async (second: RequestInit): Promise<[number, string | null]> => {
      const begun = raw.received.length;
      act = (socket, received, connection) => {
        if (connection > begun) socket.write(answer);
        else if ((received.match(/\r\n\r\n/g)?.length ?? 0) > 1) socket.destroy();
        else socket.write(answer);
      };
      expect((await ask('/raw/x'))[0]).toBe(200);
      return ask('/raw/x', second);
    };

    it('gets it again on a new connection when that was an old one and the request may be done twice', async () => {
      expect(await staleThen({})).toEqual([200, null]);
      expect(await staleThen({ method: 'DELETE' })).toEqual([200, null]);
    });

    it('does not get it again when it may be done once only, or has a body that is gone', async () => {
      expect(await staleThen({ method: 'POST' })).toEqual([502, 'upstream.reset']);
      expect(await staleThen({ method: 'PUT', body: 'x' })).toEqual([502, 'upstream.reset']);
    });

    it('does not get it again on a new connection, nor does another target', async () => {
      act = (socket) => socket.destroy();
      const before = good.calls();
      const outcomes = [];
      for (let time = 0; time < 2; time += 1) outcomes.push(...(await ask('/next-raw/x')));
      expect(outcomes).toContain('upstream.reset');
      expect(good.calls()).toBe(before + 1);
    });
  });

  it('with all its connections in use has a line, which has an end', async () => {
    const held: Socket[] = [];
    act = (socket) => void held.push(socket);
    const first = ask('/one/x');
    await eventually(() => expect(held.length).toBe(1));
    const second = ask('/one/x');
    const third = ask('/one/x');
    expect(await Promise.race([second, third])).toEqual([503, 'capacity.overloaded']);
    expect(await Promise.all([second, third])).toEqual([
      [503, 'capacity.overloaded'],
      [503, 'capacity.overloaded'],
    ]);
    held[0]?.write(answer);
    expect(await first).toEqual([200, null]);
    act = (socket) => socket.write(answer);
    expect(await ask('/one/x')).toEqual([200, null]);
  });

  it('keeps nobody in its line for longer than the request may take', async () => {
    const held: Socket[] = [];
    act = (socket) => {
      held.push(socket);
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegin');
    };
    const first = new RawConnection(short.proxyUrl).send('GET /line/x HTTP/1.1\r\nHost: x\r\n\r\n');
    await first.has('begin');
    const second = new RawConnection(short.proxyUrl).send('GET /line/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await second.whole()).toMatch(/^HTTP\/1.1 503 [\s\S]*capacity.overloaded/);
    expect(first.isEnded).toBe(false);
    first.socket.destroy();
  });

  it('is left out after some failures in a row, and said to be', async () => {
    const statuses: number[] = [];
    for (let time = 0; time < 12; time += 1) statuses.push((await ask('/ejected'))[0]);
    expect(statuses.filter((status) => status === 502).length).toBe(2);
    expect(statuses.slice(-6)).toEqual([200, 200, 200, 200, 200, 200]);
    await eventually(() =>
      expect(node.node.logs.some((line) => line.includes('upstream target is left out') && line.includes('"route":"route-ejected"'))).toBe(true),
    );
  });

  it('is asked all the same when there is no other', async () => {
    for (let time = 0; time < 3; time += 1) expect(await ask('/alone')).toEqual([502, 'upstream.unreachable']);
  });

  it('is stood in for by the backup, which is not asked before', async () => {
    const before = good.calls();
    expect((await ask('/backup'))[0]).toBe(502);
    expect(good.calls()).toBe(before);
    expect((await ask('/backup'))[0]).toBe(200);
  });

  it('has each try in the access line', async () => {
    await ask('/next');
    await ask('/next');
    await eventually(() => expect(node.node.logs.some((line) => line.includes('"route":"route-next"') && line.includes('"attempts":2'))).toBe(true));
  });
});
