import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answeringGuest, eventually, startUpstream, type Upstream } from '@torii/test-kit';
import { aPlugin, TestNode } from './a-node.js';
import { aSlot } from './a-slot.js';
import { anUpstreamRoute } from './an-upstream-route.js';
import { RawConnection, type RawUpstream, rawExchange, startRawUpstream } from './raw-http.js';

interface Echoed {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly [string, string][];
  readonly body: string;
}

/** Answers with what it got. */
async function echo(req: IncomingMessage, res: ServerResponse): Promise<void> {
  let body = '';
  for await (const piece of req.setEncoding('latin1')) body += String(piece);
  const headers = req.rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name.toLowerCase(), req.rawHeaders[index + 1]]] : []));
  res.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ method: req.method, url: req.url, headers, body }));
}

describe('a route to an upstream', () => {
  const node = new TestNode();
  let upstream: Upstream;
  let raw: RawUpstream;
  /** What the raw upstream answers by path. */
  const answers = new Map<string, string>();

  beforeAll(async () => {
    upstream = await startUpstream(echo);
    raw = await startRawUpstream((socket, received) => {
      const [, path = ''] = /^[A-Z]+ (\S+) .*\r\n\r\n/s.exec(received) ?? [];
      const answer = answers.get(path);
      if (answer !== undefined) socket.end(Buffer.from(answer, 'latin1'));
    });
    await node.start({ TORII_DATA_THREADS: '2' });
    const stamp = aPlugin(node.artifacts.add(await answeringGuest('{"headers":{"x-stamp":"1"}}')), { name: 'stamp', kind: 'response_transformer' });
    const small = aPlugin(stamp.sha256, { name: 'small', kind: 'response_transformer', limits: { requestMaxBytes: 1024 } });
    await node.apply(
      [stamp, small],
      [
        anUpstreamRoute('/echo', [`${upstream.url}/base/`]),
        anUpstreamRoute('/host', [upstream.url], { preserveHost: true }),
        anUpstreamRoute('/kept', [upstream.url], {}, { stripPath: false }),
        anUpstreamRoute(
          '/shops',
          [`${upstream.url}/v2`],
          { rewritePath: `/s/\${shop}/\${rest}?` },
          { match: [{ hosts: [], paths: [{ type: 'template', value: '/shops/:shop/*' }], methods: [] }], stripPath: false },
        ),
        anUpstreamRoute('/raw', [raw.url]),
        anUpstreamRoute('/stamped', [raw.url], {}, { plugins: [aSlot(stamp)] }),
        anUpstreamRoute('/small', [raw.url], {}, { plugins: [aSlot(small, { onError: 'skip' })] }),
      ],
    );
  });
  afterAll(async () => {
    await node.stop();
    await upstream.close();
    await raw.close();
  });

  const echoed = async (path: string, options: RequestInit = {}): Promise<Echoed> =>
    (await (await fetch(`${node.proxyUrl}${path}`, options)).json()) as Echoed;
  const valuesOf = ({ headers }: Echoed, wanted: string): string[] => headers.filter(([name]) => name === wanted).map(([, value]) => value);

  describe('sends on', () => {
    it('the path after the prefix of the target, and the query, as they are escaped', async () => {
      expect((await echoed('/echo/a%2Fb%7e/c?q=%20&q')).url).toBe('/base/a%2Fb%7e/c?q=%20&q');
      expect((await echoed('/kept/x')).url).toBe('/kept/x');
      expect((await echoed('/echo')).url).toBe('/base/');
      const empty = await rawExchange(node.proxyUrl, 'GET /echo/a? HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect(empty).toContain('"url":"/base/a?"');
    });

    it('a path made of what the route found', async () => {
      expect((await echoed('/shops/a%20b/c')).url).toBe('/v2/s/a%20b/shops/a%20b/c?');
      expect((await echoed('/shops/a/c?q=1')).url).toBe('/v2/s/a/shops/a/c?&q=1');
    });

    it('bodies of a known and of an unknown length', async () => {
      expect(await echoed('/echo/x', { method: 'POST', body: 'hello' })).toMatchObject({ method: 'POST', body: 'hello' });
      const chunks = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('one'));
          controller.enqueue(new TextEncoder().encode('two'));
          controller.close();
        },
      });
      const chunked = await echoed('/echo/x', { method: 'PUT', body: chunks, duplex: 'half' } as RequestInit);
      expect([chunked.body, valuesOf(chunked, 'content-length').length + valuesOf(chunked, 'transfer-encoding').length]).toEqual(['onetwo', 1]);
    });

    it('who asked for what, after what the client says of itself', async () => {
      const { host } = new URL(node.proxyUrl);
      const first = await echoed('/echo/x');
      expect(valuesOf(first, 'x-forwarded-for')).toEqual(['127.0.0.1']);
      expect(valuesOf(first, 'x-forwarded-host')).toEqual([host]);
      expect(valuesOf(first, 'x-forwarded-port')).toEqual([new URL(node.proxyUrl).port]);
      expect(valuesOf(first, 'x-forwarded-proto')).toEqual(['http']);
      expect(valuesOf(first, 'forwarded')).toEqual([`for=127.0.0.1;host="${host}";proto=http`]);
      const headers = { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'https', forwarded: 'for=10.0.0.1', 'x-request-id': 'mine-1' };
      const later = await echoed('/echo/x', { headers });
      expect(valuesOf(later, 'x-forwarded-for')).toEqual(['10.0.0.1, 127.0.0.1']);
      expect(valuesOf(later, 'x-forwarded-proto')).toEqual(['https']);
      expect(valuesOf(later, 'forwarded')).toEqual([`for=10.0.0.1, for=127.0.0.1;host="${host}";proto=http`]);
      expect(valuesOf(later, 'x-request-id')).toEqual(['mine-1']);
    });

    it('the host of the target, or that of the request where the route says so', async () => {
      expect(valuesOf(await echoed('/echo/x'), 'host')).toEqual([new URL(upstream.url).host]);
      expect(valuesOf(await echoed('/host/x'), 'host')).toEqual([new URL(node.proxyUrl).host]);
    });

    it('cookies, credentials and repeated headers, but nothing that is of the connection alone', async () => {
      const answer = await rawExchange(
        node.proxyUrl,
        'GET /echo/x HTTP/1.1\r\nHost: x\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: a\r\nTE: trailers\r\n' +
          'Cookie: a=b\r\nAuthorization: Bearer c\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n',
      );
      const got = JSON.parse(answer.slice(answer.indexOf('{'), answer.lastIndexOf('}') + 1)) as Echoed;
      const names = got.headers.map(([name]) => name);
      for (const gone of ['x-hop', 'keep-alive', 'proxy-authorization', 'te']) expect(names).not.toContain(gone);
      expect([valuesOf(got, 'cookie'), valuesOf(got, 'authorization'), valuesOf(got, 'x-two')]).toEqual([['a=b'], ['Bearer c'], ['1', '2']]);
    });

    it('no request whose end is not beyond doubt', async () => {
      const before = upstream.calls();
      const refused = [
        'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        'Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
        'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
        'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
        'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
        'Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n',
        'Content-Length: +4\r\n\r\nabcd',
        'Content-Length : 4\r\n\r\nabcd',
        'X-A: b\r\n folded\r\n\r\n',
        'X-A: b\nX-C: d\r\n\r\n',
        'Host: y\r\n\r\n',
      ];
      for (const rest of refused) {
        const answer = await rawExchange(node.proxyUrl, `POST /echo/x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${rest}`);
        expect([rest, answer.slice(0, 12)]).toEqual([rest, 'HTTP/1.1 400']);
      }
      const old = await rawExchange(node.proxyUrl, 'POST /echo/x HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
      expect(old.slice(0, 12)).toBe('HTTP/1.1 400');
      expect(upstream.calls()).toBe(before);
    });
  });

  describe('sends back', () => {
    /** The answer to a request of its own, as it is on the wire. */
    const answered = async (answer: string, { method = 'GET', route = '/raw' } = {}): Promise<string> => {
      const path = `/${answers.size}`;
      answers.set(path, answer);
      return rawExchange(node.proxyUrl, `${method} ${route}${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    };

    it('status, headers and body, but nothing that is of the connection alone or by which our own answers are known', async () => {
      const answer = await answered(
        'HTTP/1.1 418 Teapot\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n' +
          'X-Torii-Error: plugin.trapped\r\nX-Request-Id: theirs\r\nContent-Length: 3\r\nX-Bytes: \xe9\r\n\r\nabc',
      );
      expect(answer).toMatch(/^HTTP\/1.1 418 /);
      expect(answer).not.toMatch(/x-hop|x-torii-error|theirs|timeout=1/i);
      expect(answer.match(/^set-cookie: .*$/gim)).toEqual(['set-cookie: a=1', 'set-cookie: b=2']);
      expect(answer).toMatch(/^content-length: 3$/im);
      expect(answer).toContain('x-bytes: \xe9\r\n');
      expect(answer).toMatch(/\r\n\r\nabc$/);
    });

    it('the length that an answer to HEAD tells, and no body with a status that has none', async () => {
      expect(await answered('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n', { method: 'HEAD' })).toMatch(
        /content-length: 1234\r\n[\s\S]*\r\n\r\n$/i,
      );
      const notModified = await answered('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\nContent-Length: 9\r\n\r\n');
      expect(notModified).toMatch(/^HTTP\/1.1 304 [\s\S]*etag: "a"\r\n[\s\S]*\r\n\r\n$/);
      const none = await answered('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n');
      expect(none).not.toMatch(/content-length|transfer-encoding/i);
    });

    it('a range as it was answered', async () => {
      const answer = await answered('HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nab');
      expect(answer).toMatch(/^HTTP\/1.1 206 [\s\S]*content-range: bytes 0-1\/9\r\n[\s\S]*\r\n\r\nab$/);
    });

    it('a body without a length, and what comes after it', async () => {
      expect(await answered('HTTP/1.1 200 OK\r\n\r\nuntil the end')).toMatch(
        /content-length: 13\r\n[\s\S]*\r\n\r\nuntil the end$|until the end\r\n0/,
      );
      const answer = await answered(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 42\r\nSet-Cookie: a=b\r\n\r\n',
      );
      expect(answer).toMatch(/\r\ntrailer: X-Sum\r\n/i);
      expect(answer).toMatch(/3\r\nabc\r\n0\r\nx-sum: 42\r\n\r\n$/i);
    });

    it('an answer that announces fields after its body, where none come or none can', async () => {
      const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n';
      const whole = `${head}3\r\nabc\r\n0\r\n\r\n`;
      expect(await answered(whole)).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\n[\s\S]*abc/);
      expect(await answered(whole, { method: 'HEAD' })).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
      expect(await answered('HTTP/1.1 304 Not Modified\r\nTrailer: X-Sum\r\n\r\n')).toMatch(/^HTTP\/1.1 304 Not Modified\r\n/);
      answers.set('/old', `${head}3\r\nabc\r\n0\r\nX-Sum: 42\r\n\r\n`);
      for (const route of ['/raw', '/stamped']) {
        const old = await rawExchange(node.proxyUrl, `GET ${route}/old HTTP/1.0\r\nHost: x\r\n\r\n`);
        expect(old).toMatch(/^HTTP\/1.1 200 OK\r\n(?![\s\S]*x-sum)[\s\S]*\r\n\r\nabc$/i);
        const head = await rawExchange(node.proxyUrl, `HEAD ${route}/old HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
        expect(head).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*\r\n\r\n$/);
      }
    });

    it('early hints that are well formed, and the answer after others', async () => {
      const answer = await answered(
        'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload; as=style\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: nonsense\r\n\r\n' +
          'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx',
      );
      const hints = '^HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload; as=style\r\n\r\n';
      expect(answer).toMatch(new RegExp(`${hints}HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n`, 'i'));
    });

    it('no 100 Continue that nobody has asked for, and the answer behind it, on a connection that serves others too', async () => {
      const ok = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
      const unasked = 'HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n';
      for (let round = 0; round < 3; round += 1) {
        const answer = await answered(`${unasked}HTTP/1.1 102 Processing\r\n\r\n${unasked}${ok(unasked)}`);
        expect(answer).toMatch(/^HTTP\/1.1 102 Processing\r\n\r\nHTTP\/1.1 200 OK\r\n/);
        expect(answer.endsWith(unasked)).toBe(true);
      }
      expect(await answered('HTTP/1.1 100 Continue\r\n')).toMatch(/^HTTP\/1.1 502 /);
      expect(await answered(unasked.repeat(3_000))).toMatch(/^HTTP\/1.1 502 /);
      answers.set('/old-client', `HTTP/1.1 102 Processing\r\n\r\n${ok('x')}`);
      const old = await rawExchange(node.proxyUrl, 'GET /raw/old-client HTTP/1.0\r\nHost: x\r\n\r\n');
      expect(old).toMatch(/^HTTP\/1.1 200 OK\r\n/);
    });

    it('an answer that transformers have changed, its length with it', async () => {
      const answer = await answered('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n', { route: '/stamped' });
      expect(answer).toMatch(/x-stamp: 1\r\n/);
      expect(answer).toMatch(/content-length: 3\r\n[\s\S]*\r\n\r\nabc$/i);
      expect(await answered('HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n', { route: '/stamped', method: 'HEAD' })).toMatch(/x-stamp: 1\r\n/);
    });

    it('an answer that is too large for a transformer which is to be skipped then', async () => {
      const body = 'x'.repeat(300_000);
      const answer = await answered(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`, { route: '/small' });
      expect(answer.slice(answer.indexOf('\r\n\r\n') + 4)).toBe(body);
    });
  });

  it('shows the first event of a stream before there is a second', async () => {
    let next: () => void = () => undefined;
    upstream.respond((_req, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' });
      res.flushHeaders();
      next = () => {
        res.write('data: first\n\n');
        next = () => res.end('data: last\n\n');
      };
    });
    const client = new RawConnection(node.proxyUrl).send('GET /echo/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await client.has('text/event-stream', '\r\n\r\n');
    next();
    await client.has('data: first');
    expect(client.received).not.toContain('data: last');
    next();
    expect(await client.whole()).toContain('data: last');
    upstream.respond(echo);
  });

  it('says 100 Continue when the upstream takes the body', async () => {
    const client = new RawConnection(node.proxyUrl);
    client.send('POST /echo/x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n');
    await client.has('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    expect(await client.whole()).toMatch(/"body":"hello"/);
  });

  it('passes an answer on that comes before the end of the request, and takes the rest in for a while', async () => {
    upstream.respond((_req, res) => void res.writeHead(413, { 'content-length': 4 }).end('much'));
    const client = new RawConnection(node.proxyUrl).send('POST /echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegin');
    await client.has('HTTP/1.1 413', 'much');
    client.send(Buffer.alloc(100_000));
    expect(await client.whole()).toMatch(/much$/);
    upstream.respond(echo);
  });

  it('carries bytes both ways at once', async () => {
    upstream.respond((req, res) => void req.pipe(res));
    const client = new RawConnection(node.proxyUrl).send('POST /echo/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (const word of ['one', 'two', 'six']) {
      client.send(`3\r\n${word}\r\n`);
      await client.has(word);
    }
    client.send('0\r\n\r\n');
    await client.has('\r\n0\r\n\r\n');
    client.socket.destroy();
    upstream.respond(echo);
  });

  it('gives a request up at the upstream when its client has gone, before the answer and in the middle of it', async () => {
    for (const isAnswered of [false, true]) {
      const closed = new Promise<void>((resolve) => {
        upstream.respond((_req, res) => {
          res.once('close', resolve);
          if (isAnswered) res.write('some');
        });
      });
      const before = upstream.calls();
      const client = new RawConnection(node.proxyUrl).send('GET /echo/given-up HTTP/1.1\r\nHost: x\r\n\r\n');
      await eventually(() => expect(upstream.calls()).toBe(before + 1));
      if (isAnswered) await client.has('some');
      client.socket.destroy();
      await closed;
    }
    const givenUp = () => node.node.logs.filter((line) => line.includes('/echo/given-up') && line.includes('"code":"client.gone"'));
    await eventually(() => expect(givenUp()).toHaveLength(2));
    upstream.respond(echo);
  });

  it('gives an upload up at the upstream when its client has gone', async () => {
    const aborted = new Promise<void>((resolve) => upstream.respond((req) => void req.once('aborted', resolve).resume()));
    const before = upstream.calls();
    const client = new RawConnection(node.proxyUrl).send('POST /echo/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbegin');
    await eventually(() => expect(upstream.calls()).toBe(before + 1));
    client.socket.destroy();
    await aborted;
    upstream.respond(echo);
  });

  it('cuts the client off when the upstream breaks off in the middle of its answer, and never ends it as if it were whole', async () => {
    for (const head of ['Transfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n', 'Content-Length: 100\r\n\r\nbegin']) {
      const path = `/broken-${answers.size}`;
      answers.set(path, `HTTP/1.1 200 OK\r\n${head}`);
      const outcome = await new Promise<string>((resolve) => {
        const req = request(`${node.proxyUrl}/raw${path}`, (res) => {
          res
            .resume()
            .once('end', () => resolve('whole'))
            .once('error', (error) => resolve(error.message));
        });
        req.once('error', (error) => resolve(error.message));
        req.end();
      });
      expect(outcome).toMatch(/aborted|ECONNRESET|socket hang up/);
    }
    await eventually(() =>
      expect(node.node.logs.some((line) => line.includes('"status":200') && line.includes('"code":"upstream.reset"'))).toBe(true),
    );
  });
});
