import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { compileWat, eventually, guest } from '@torii/test-kit';
import { aPlugin, aRoute, TestNode } from './a-node.js';

const MiB = 1024 * 1024;

describe('a node', () => {
  const node = new TestNode();
  beforeAll(async () => {
    await node.start({ TORII_DATA_THREADS: '2' });
  });
  afterAll(() => node.stop());

  it('answers 503 with Retry-After, and is not ready, until its first configuration', async () => {
    const response = await fetch(`${node.proxyUrl}/x`);
    expect(response.status).toBe(503);
    expect(response.headers.get('retry-after')).toBe('1');
    expect(await response.json()).toMatchObject({ code: 'config.not_ready' });
    expect(await node.readiness()).toMatchObject({
      httpStatus: 503,
      checks: { configuration: { ok: false, detail: 'waiting for the first configuration' } },
    });
    expect((await fetch(`${node.internalUrl}/livez`)).status).toBe(200);
  });

  describe('with a configuration', () => {
    beforeAll(async () => {
      const hello = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
      const echo = aPlugin(node.artifacts.add(await guest('echo')), { name: 'echo', limits: { requestMaxBytes: MiB, responseMaxBytes: 16 * MiB } });
      const empty = aPlugin(node.artifacts.add(await answering('{"status":204}')), { name: 'empty' });
      await node.apply(
        [hello, echo, empty],
        [
          aRoute(empty, '/empty'),
          aRoute(hello, '/hello'),
          aRoute(echo, '/echo'),
          aRoute(hello, '/get', { match: [{ hosts: [], paths: [{ type: 'exact', value: '/get' }], methods: ['GET'] }] }),
          aRoute(hello, '/old', { target: { kind: 'redirect', url: 'https://new.example/place?a=1', status: 308 } }),
          aRoute(hello, '/notice', { target: { kind: 'static', status: 410, headers: { 'X-Since': '2026' }, body: 'gone: é' } }),
          aRoute(hello, '/nothing', { target: { kind: 'static', status: 204, headers: {}, body: '' } }),
          aRoute(empty, '/choice', { name: 'choice' }),
          aRoute(hello, '/choice', {
            name: 'choice-of-beta',
            match: [
              {
                hosts: ['*.0.0.1', '127.*.0.1'],
                paths: [{ type: 'template', value: '/choice/$id<[0-9]+>' }],
                methods: [],
                headers: [{ name: 'X-Beta', type: 'wildcard', value: 'y*' }],
                query: [{ name: 'v', type: 'regex', value: '[12]' }],
                cookies: [{ name: 'group', type: 'exact', value: 'b' }],
              },
            ],
          }),
          aRoute(echo, '/hello', {
            name: 'maintenance',
            priority: 5,
            match: [{ hosts: [], paths: [], methods: [], headers: [{ name: 'x-maintenance', type: 'exists' }] }],
          }),
        ],
      );
    });

    it('answers a matching request with what the function wrote', async () => {
      const response = await fetch(`${node.proxyUrl}/hello`);
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('hello');
      expect(response.headers.get('x-request-id')).toMatch(/^rq_/);
    });

    it('takes a safe request id of the caller and replaces an unsafe one', async () => {
      expect((await fetch(`${node.proxyUrl}/hello`, { headers: { 'x-request-id': 'abc-1' } })).headers.get('x-request-id')).toBe('abc-1');
      expect((await fetch(`${node.proxyUrl}/hello`, { headers: { 'x-request-id': 'a b' } })).headers.get('x-request-id')).toMatch(/^rq_/);
    });

    it('tells its own errors as problem+json with a code and the request id', async () => {
      const response = await fetch(`${node.proxyUrl}/nowhere`);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toBe('application/problem+json');
      expect(response.headers.get('x-torii-error')).toBe('routing.no_route');
      expect(await response.json()).toMatchObject({ code: 'routing.no_route', status: 404, requestId: response.headers.get('x-request-id') });
    });

    it('chooses by host, expression, header, query parameter and cookie together, and else what is less specific', async () => {
      const wanted = { 'x-beta': 'yes', cookie: 'a=1; group=b' };
      const status = async (path: string, headers: Record<string, string>) => (await fetch(`${node.proxyUrl}${path}`, { headers })).status;
      expect(await status('/choice/42?v=2', wanted)).toBe(200);
      for (const [path, headers] of [
        ['/choice/x?v=2', wanted],
        ['/choice/42?v=3', wanted],
        ['/choice/42?v=2', { ...wanted, 'x-beta': 'no' }],
        ['/choice/42?v=2', { 'x-beta': 'yes' }],
      ] as const) {
        expect([path, headers, await status(path, headers)]).toEqual([path, headers, 204]);
      }
    });

    it('takes a route of higher priority before a more specific one', async () => {
      const answer = await fetch(`${node.proxyUrl}/hello`, { headers: { 'x-maintenance': '1' } });
      expect([answer.status, await answer.text()]).not.toEqual([200, 'hello']);
      expect(await (await fetch(`${node.proxyUrl}/hello`)).text()).toBe('hello');
    });

    it('answers redirects and static texts as they were configured, HEAD without the body', async () => {
      const redirect = await fetch(`${node.proxyUrl}/old/x`, { redirect: 'manual' });
      expect([redirect.status, redirect.headers.get('location'), await redirect.text()]).toEqual([308, 'https://new.example/place?a=1', '']);
      const notice = await fetch(`${node.proxyUrl}/notice`);
      expect([notice.status, notice.headers.get('content-type'), notice.headers.get('x-since'), await notice.text()]).toEqual([
        410,
        'text/plain; charset=utf-8',
        '2026',
        'gone: é',
      ]);
      const head = await fetch(`${node.proxyUrl}/notice`, { method: 'HEAD' });
      expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([410, '8', '']);
      const lines = await raw(node.proxyUrl, 'GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect([lines[0], ...lines.filter((line) => /^content-/i.test(line))]).toEqual(['HTTP/1.1 204 No Content']);
    });

    it('answers a request whose body no target wants without waiting for it, and ends the connection', async () => {
      const lines = await raw(node.proxyUrl, 'POST /notice HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx');
      expect(lines[0]).toBe('HTTP/1.1 410 Gone');
      expect(lines.map((line) => line.toLowerCase())).toContain('connection: close');
    });

    it('answers 405 with Allow when only the method does not fit', async () => {
      const response = await fetch(`${node.proxyUrl}/get`, { method: 'DELETE' });
      expect(response.status).toBe(405);
      expect(response.headers.get('allow')).toBe('GET, HEAD');
    });

    it('answers HEAD without a body', async () => {
      const response = await fetch(`${node.proxyUrl}/get`, { method: 'HEAD' });
      expect([response.status, await response.text(), response.headers.get('content-length')]).toEqual([200, '', '5']);
    });

    it('says nothing of the length or type of a body that a status cannot have', async () => {
      const lines = await raw(node.proxyUrl, 'GET /empty HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      expect(lines[0]).toBe('HTTP/1.1 204 No Content');
      expect(lines.filter((line) => /^content-|^transfer-/i.test(line))).toEqual([]);
    });

    it('answers 413 to a body that turns out to be over the limit, and stops listening to it', async () => {
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
      const [status] = await raw(node.proxyUrl, `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}`);
      expect(status).toBe('HTTP/1.1 413 Payload Too Large');
    });

    it('refuses a 100 MiB body without reading it', async () => {
      const [status] = await raw(node.proxyUrl, `POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: ${100 * MiB}\r\n\r\n`);
      expect(status).toBe('HTTP/1.1 413 Payload Too Large');
    });

    it('says 100 Continue only to a body it will take', async () => {
      const taken = await raw(
        node.proxyUrl,
        'POST /hello HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\n',
        'hi',
      );
      expect(taken[0]).toBe('HTTP/1.1 100 Continue');
      const refused = await raw(node.proxyUrl, `POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${2 * MiB}\r\n\r\n`);
      expect(refused[0]).toBe('HTTP/1.1 413 Payload Too Large');
      const old = await raw(node.proxyUrl, 'POST /hello HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi');
      expect(old[0]).toBe('HTTP/1.1 200 OK');
    });

    it.each([
      ['what is not HTTP', 'nonsense\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
      ['no Host', 'GET /hello HTTP/1.1\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
      ['two Hosts', 'GET /hello HTTP/1.1\r\nHost: x\r\nhost: y\r\nConnection: close\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
      ['a Host that is none', 'GET /hello HTTP/1.1\r\nHost: a/b@c\r\nConnection: close\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
      [
        'length and chunks at once',
        'POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
        'HTTP/1.1 400 Bad Request',
      ],
      [
        'a chunk that is none',
        'POST /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\nnonsense\r\n',
        'HTTP/1.1 400 Bad Request',
      ],
      ['dot segments', 'GET /a/../hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
      ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(64 * 1024)}\r\n\r\n`, 'HTTP/1.1 431 Request Header Fields Too Large'],
    ])('refuses %s', async (_, request, expected) => {
      const lines = await raw(node.proxyUrl, request);
      expect(lines[0]).toBe(expected);
      expect(lines.filter((line) => line.startsWith('HTTP/1.1'))).toHaveLength(1);
    });

    it('leaves a line in the log for a request it could not read', async () => {
      await raw(node.proxyUrl, 'nonsense\r\n\r\n');
      await eventually(() =>
        expect(node.node.logs.some((line) => line.includes('"request refused unread"') && line.includes('"status":400'))).toBe(true),
      );
    });
  });
});

/** A function that answers `json`. */
function answering(json: string): Promise<Uint8Array> {
  return compileWat(`(module
    (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
    (import "extism:host/env" "store_u8" (func $store_u8 (param i64 i32)))
    (import "extism:host/env" "output_set" (func $output_set (param i64 i64)))
    (memory (export "memory") 1)
    (data (i32.const 0) "${json.replaceAll('"', '\\"')}")
    (func (export "run") (result i32) (local $output i64) (local $i i64)
      (local.set $output (call $alloc (i64.const ${json.length})))
      (loop $copy
        (call $store_u8 (i64.add (local.get $output) (local.get $i)) (i32.load8_u (i32.wrap_i64 (local.get $i))))
        (local.set $i (i64.add (local.get $i) (i64.const 1)))
        (br_if $copy (i64.lt_u (local.get $i) (i64.const ${json.length}))))
      (call $output_set (local.get $output) (i64.const ${json.length}))
      (i32.const 0)))`);
}

describe('a node whose memory for request bodies is used up', () => {
  const node = new TestNode();
  beforeAll(async () => {
    await node.start({ TORII_REQUEST_BYTES_MAX: String(MiB) });
    const hello = aPlugin(node.artifacts.add(await guest('hello')), { name: 'hello' });
    await node.apply([hello], [aRoute(hello, '/hello')]);
  });
  afterAll(() => node.stop());

  it('answers 503 to the next body, and takes bodies again when one is done', async () => {
    const { hostname, port } = new URL(node.proxyUrl);
    const size = 700 * 1024;
    const sendAllButOneByte = (): Socket => {
      const socket = connect(Number(port), hostname).resume();
      socket.on('error', () => undefined);
      socket.write(`POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\nConnection: close\r\n\r\n`);
      socket.write(Buffer.alloc(size - 1));
      return socket;
    };
    let slow = sendAllButOneByte();
    const post = (): Promise<number> =>
      fetch(`${node.proxyUrl}/hello`, { method: 'POST', body: Buffer.alloc(size) }).then((response) => response.status);
    await eventually(async () => {
      // It may have been the one that came too late.
      if (slow.bytesRead > 0) slow = sendAllButOneByte();
      expect(await post()).toBe(503);
    });
    slow.end(Buffer.alloc(1));
    await eventually(async () => expect(await post()).toBe(200));
  });
});

/** Sends bytes as they are, then `body` once the server has said something; answers the lines that came back. */
function raw(url: string, request: string, body?: string): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () => socket.write(request));
    let answer = '';
    socket.on('data', (chunk) => {
      if (answer === '' && body !== undefined) socket.write(body);
      answer += chunk;
      if (body === undefined) socket.end();
    });
    socket.on('close', () => resolve(answer.split('\r\n')));
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer.split('\r\n'))));
  });
}
