import { once } from 'node:events';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, systemClock } from '@torii/service-kit';
import { type RunningServer, startServer } from '../../test/a-server.js';
import { createEgress, type Egress, type EgressOptions, type EgressRequest } from './egress.js';

const log = createLogger({ level: 'silent', app: 'test' });

let server: RunningServer;
let egress: Egress | undefined;

beforeEach(async () => {
  server = await startServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://x');
    const to = url.searchParams.get('to');
    if (to !== null) return void response.writeHead(Number(url.searchParams.get('status') ?? 302), { location: to }).end('moved');
    if (url.pathname === '/silent') return;
    if (url.pathname === '/endless') {
      const timer = setInterval(() => response.write('x'.repeat(16_384)), 1);
      response.on('close', () => clearInterval(timer));
      return;
    }
    if (url.pathname === '/slow') {
      response.write('a');
      return;
    }
    if (url.pathname === '/announced') {
      response.writeHead(200, { 'content-length': '999999999' });
      if (request.method === 'HEAD') response.end();
      else response.write('x');
      return;
    }
    response.end(`${request.method} ${request.url}`);
  });
});

afterEach(async () => {
  await egress?.close();
  await server.close();
});

/** Reaches the test's server as the host `api.test`, by name look-up and an operator's private range. */
function open(options: Partial<EgressOptions> = {}): (request: Partial<EgressRequest>) => Promise<string> {
  const opened = createEgress(
    { privateCidrs: ['127.0.0.1/32'], overrides: new Map(), connectTimeoutMs: 2_000, resolve: async () => ['127.0.0.1'], ...options },
    { clock: systemClock, log },
  );
  egress = opened;
  return async (request) => {
    const { body, status } = await opened.request({
      url: `http://api.test:${server.port}/`,
      method: 'GET',
      headers: {},
      allowedHosts: [`api.test:${server.port}`, `127.0.0.1:${server.port}`, `[::ffff:7f00:1]:${server.port}`],
      allowPrivate: true,
      followRedirects: true,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
      ...request,
    });
    return `${status} ${Buffer.from(body).toString()}`;
  };
}

async function refusal(outcome: Promise<unknown>): Promise<string> {
  return outcome.then(
    (value) => `answered ${String(value)}`,
    (error) => error.code,
  );
}

describe('an outbound call', () => {
  it('reaches an allowed host at the address that was checked', async () => {
    expect(await open()({})).toBe('200 GET /');
    expect(server.seen[0]?.headers.host).toBe(`api.test:${server.port}`);
  });

  it('is refused for a host that is not allowed, before its name is looked up', async () => {
    const lookedUp: string[] = [];
    const request = open({ resolve: async (name) => [...lookedUp.splice(0, 0, name), '127.0.0.1'] });
    expect(await refusal(request({ url: 'http://other.test/' }))).toBe('egress_refused');
    expect(lookedUp).toEqual([]);
  });

  it.each([['0.0.0.0'], ['127.0.0.1'], ['10.0.0.1'], ['169.254.169.254'], ['::1'], ['::ffff:127.0.0.1'], ['64:ff9b::7f00:1'], ['fd00:ec2::254']])(
    'is refused for a name that resolves to %s',
    async (address) => {
      const request = open({ resolve: async () => [address] });
      expect(await refusal(request({ allowPrivate: false }))).toBe('egress_refused');
      expect(server.seen).toHaveLength(0);
    },
  );

  it('is refused when only one of several addresses is private', async () => {
    const request = open({ resolve: async () => ['93.184.216.34', '127.0.0.1'] });
    expect(await refusal(request({ allowPrivate: false }))).toBe('egress_refused');
  });

  it.each(['2130706433', '0x7f000001', '0177.0.0.1', '127.1', '[::ffff:127.0.0.1]', '127.0.0.1.'])(
    'is refused for loopback written as %s',
    async (host) => {
      const request = open({ privateCidrs: [] });
      expect(await refusal(request({ url: `http://${host}:${server.port}/` }))).toBe('egress_refused');
      expect(server.seen).toHaveLength(0);
    },
  );

  it('goes to the checked address even when the name resolves differently a moment later', async () => {
    const answers = [['127.0.0.1'], ['10.9.9.9']];
    const request = open({ resolve: async () => answers.shift() ?? [] });
    expect(await request({})).toBe('200 GET /');
  });

  it('needs both the permission of the plugin and a range of the operator to reach a private address', async () => {
    expect(await refusal(open()({ allowPrivate: false }))).toBe('egress_refused');
    await egress?.close();
    expect(await refusal(open({ privateCidrs: [] })({ allowPrivate: true }))).toBe('egress_refused');
  });

  it('does not lend a connection to a private address to a plugin that may not reach it', async () => {
    const request = open();
    expect(await request({ allowPrivate: true })).toBe('200 GET /');
    expect(await refusal(request({ allowPrivate: false }))).toBe('egress_refused');
  });

  it.each(['ftp://api.test/', 'file:///etc/passwd', 'data:text/plain,x', 'http://user:secret@api.test/'])('is refused for %s', async (url) => {
    expect(await refusal(open()({ url, allowedHosts: ['api.test'] }))).toBe('egress_refused');
  });

  it.each([{ url: 'nonsense' }, { method: 'G ET' }, { method: 'CONNECT' }, { headers: { 'x-a': 'a\r\nx-b: b' } }, { headers: { 'bad name': 'x' } }])(
    'cannot be sent as %j',
    async (broken) => {
      expect(await refusal(open()(broken))).toBe('bad_request');
      expect(server.seen).toHaveLength(0);
    },
  );

  it('goes to the override of an allowed host, without look-up and address checks', async () => {
    const request = open({ overrides: new Map([['far.test', new URL(server.origin)]]), privateCidrs: [], resolve: async () => [] });
    expect(await request({ url: 'https://far.test/search?q=1', allowedHosts: ['far.test'], allowPrivate: false })).toBe('200 GET /search?q=1');
    expect(await refusal(request({ url: 'https://far.test/', allowedHosts: [] }))).toBe('egress_refused');
  });

  it('sends no headers of the connection and no body with GET', async () => {
    const request = open();
    await request({
      headers: { Host: 'evil', Connection: 'close', 'Transfer-Encoding': 'chunked', 'Content-Length': '5', 'X-Mine': '1' },
      body: Buffer.from('12345'),
    });
    expect(server.seen[0]).toMatchObject({ headers: { host: `api.test:${server.port}`, 'x-mine': '1' }, body: '' });
    expect(server.seen[0]?.headers).not.toHaveProperty('content-length');
  });

  it('fails plainly when nobody listens or nothing resolves', async () => {
    const free = createTcpServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as { port: number };
    await new Promise((resolve) => free.close(resolve));
    expect(await refusal(open()({ url: `http://api.test:${port}/`, allowedHosts: [`api.test:${port}`] }))).toBe('unreachable');
    await egress?.close();
    expect(await refusal(open({ resolve: async () => [] })({}))).toBe('unreachable');
    await egress?.close();
    expect(await refusal(open({ resolve: () => Promise.reject(new Error('ENOTFOUND')) })({}))).toBe('unreachable');
  });
});

describe('a redirect', () => {
  const target = (to: string, status = 302): string => `http://api.test:${server.port}/?status=${status}&to=${encodeURIComponent(to)}`;

  it('is followed to an allowed place', async () => {
    expect(await open()({ url: target('/there?x=1') })).toBe('200 GET /there?x=1');
  });

  it('is answered as it is when the guest follows itself', async () => {
    expect(await open()({ url: target('/there'), followRedirects: false })).toBe('302 moved');
  });

  it.each(['http://other.test/', 'http://169.254.169.254/latest/meta-data/', 'file:///etc/passwd', 'http://user:x@api.test/'])(
    'to %s is refused',
    async (to) => {
      expect(await refusal(open()({ url: target(to) }))).toBe('egress_refused');
    },
  );

  it('to a private address is refused', async () => {
    const request = open({ resolve: async (name) => (name === 'api.test' ? ['127.0.0.1'] : ['10.0.0.1']), privateCidrs: ['127.0.0.1/32'] });
    expect(await refusal(request({ url: target('http://inner.test/'), allowedHosts: [`api.test:${server.port}`, 'inner.test'] }))).toBe(
      'egress_refused',
    );
  });

  it('is followed no more than five times', async () => {
    await server.close();
    server = await startServer((_request, response) => void response.writeHead(302, { location: '/again' }).end());
    expect(await refusal(open()({}))).toBe('too_many_redirects');
    expect(server.seen).toHaveLength(6);
  });

  it('turns POST into GET for 303 and 302, and keeps it for 307', async () => {
    const request = open();
    const post = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: Buffer.from('data') };
    await request({ ...post, url: target('/a', 303) });
    await request({ ...post, url: target('/b', 302) });
    await request({ ...post, url: target('/c', 307) });
    expect(server.seen.filter(({ url }) => /^\/[abc]$/.test(url)).map(({ method, body }) => `${method} ${body}`)).toEqual([
      'GET ',
      'GET ',
      'POST data',
    ]);
  });

  it('does not take credentials to another origin', async () => {
    const headers = { Authorization: 'Bearer secret', Cookie: 'a=b', 'x-kept': '1' };
    await open()({ headers, url: target(`http://127.0.0.1:${server.port}/elsewhere`) });
    expect(server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret' });
    expect(server.seen[1]?.headers).toMatchObject({ 'x-kept': '1' });
    expect(server.seen[1]?.headers).not.toHaveProperty('authorization');
    expect(server.seen[1]?.headers).not.toHaveProperty('cookie');
  });
});

describe('an answer', () => {
  const path = (name: string): string => `http://api.test:${server.port}${name}`;

  it('without end is cut when it is too large', async () => {
    expect(await refusal(open({ responseMaxBytes: 100_000 })({ url: path('/endless') }))).toBe('too_large');
  });

  it('that announces too much is not read at all', async () => {
    expect(await refusal(open()({ url: path('/announced') }))).toBe('too_large');
  });

  it('to HEAD may announce what it likes', async () => {
    expect(await open()({ url: path('/announced'), method: 'HEAD' })).toBe('200 ');
  });

  it.each(['/silent', '/slow'])('that does not come in time is given up (%s)', async (name) => {
    expect(await refusal(open({ requestTimeoutMs: 50 })({ url: path(name) }))).toBe('timeout');
    await egress?.close();
    expect(await refusal(open()({ url: path(name), timeoutMs: 50 }))).toBe('timeout');
  });

  it('is not waited for when the caller has gone', async () => {
    const caller = new AbortController();
    const outcome = refusal(open()({ url: path('/silent'), signal: caller.signal }));
    setTimeout(() => caller.abort(), 20);
    expect(await outcome).toBe('aborted');
  });

  it('of a name look-up that hangs is given up too', async () => {
    expect(await refusal(open({ resolve: () => new Promise(() => undefined) })({ timeoutMs: 30 }))).toBe('timeout');
  });

  it('of a name look-up that hangs does not pile look-ups up', async () => {
    const lookedUp: string[] = [];
    const resolve = (name: string): Promise<never> => {
      lookedUp.push(name);
      return new Promise(() => undefined);
    };
    const request = open({ resolve });
    const ask = (name: string): Promise<string> => refusal(request({ url: `http://${name}.test/`, allowedHosts: ['*.test'], timeoutMs: 20 }));
    for (let round = 0; round < 3; round += 1) expect(await ask('same')).toBe('timeout');
    expect(lookedUp).toEqual(['same.test']);
    const outcomes = await Promise.all(Array.from({ length: 70 }, (_, index) => ask(`n${index}`)));
    expect(lookedUp).toHaveLength(64);
    expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(7);
  });

  it('is not asked for when too many are under way', async () => {
    const request = open({ maxConcurrent: 2 });
    const caller = new AbortController();
    const pending = [1, 2].map(() => refusal(request({ url: path('/silent'), signal: caller.signal })));
    expect(await refusal(request({}))).toBe('busy');
    caller.abort();
    expect(await Promise.all(pending)).toEqual(['aborted', 'aborted']);
    expect(await request({})).toBe('200 GET /');
  });
});
