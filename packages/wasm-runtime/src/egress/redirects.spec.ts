import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type NameServer, startNameServer } from '../../test/a-name-server.js';
import { type RunningServer, startServer } from '../../test/a-server.js';
import { type Ask, TestEgress } from '../../test/an-egress.js';

const egresses = new TestEgress();
const addresses: Readonly<Record<string, string>> = { 'api.test': '127.0.0.1', 'second.test': '127.0.0.1', 'inner.test': '10.0.0.1' };
let names: NameServer;
let server: RunningServer;
let request: Ask;

/** `/?status=302&to=...` sends there; `/loop` to itself, `/ping` to `/pong` and back. */
beforeEach(async () => {
  names = await startNameServer((name, type) => (type === 'A' && name in addresses ? [{ type, value: addresses[name] ?? '' }] : []));
  server = await startServer((incoming, response) => {
    const url = new URL(incoming.url ?? '/', 'http://x');
    const to = url.searchParams.get('to') ?? { '/loop': '/loop', '/ping': '/pong', '/pong': '/ping' }[url.pathname];
    if (to === undefined) return void response.end(`${incoming.method} ${incoming.url}`);
    response.writeHead(Number(url.searchParams.get('status') ?? 302), { location: to }).end('x'.repeat(Number(url.searchParams.get('length') ?? 5)));
  });
  request = egresses.open(
    { dnsServers: [names.address] },
    { allowedHosts: [...['api.test', 'second.test', '127.0.0.1'].map((host) => `${host}:${server.port}`), 'inner.test'] },
  );
});

afterEach(async () => {
  await egresses.close();
  await names.close();
  await server.close();
});

const target = (to: string, status = 302): string => `http://api.test:${server.port}/?status=${status}&to=${encodeURIComponent(to)}`;

describe('a redirect', () => {
  it('is followed to an allowed place', async () => {
    expect(await request({ url: target('/there?x=1') })).toBe('200 GET /there?x=1');
    expect(await request({ url: target(`//second.test:${server.port}/there`) })).toBe('200 GET /there');
  });

  it('is answered as it is when the guest follows itself', async () => {
    expect(await request({ url: target('http://169.254.169.254/'), followRedirects: false })).toBe('302 xxxxx');
  });

  it.each([
    'http://other.test/',
    'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/latest/meta-data/',
    'http://inner.test/',
    'http://2130706433/',
    'http://0/',
    '//169.254.169.254/',
    '\\\\169.254.169.254\\',
    'file:///etc/passwd',
    'javascript:1',
    'http://user:x@api.test/',
    'http://api.test:22/',
  ])('to %s is refused', async (to) => {
    expect(await request({ url: target(to) })).toBe('egress_refused');
    expect(server.seen).toHaveLength(1);
  });

  it('is refused wherever in a chain it leads out', async () => {
    const second = `http://second.test:${server.port}/?to=${encodeURIComponent('http://inner.test/')}`;
    expect(await request({ url: target(second) })).toBe('egress_refused');
    expect(server.seen).toHaveLength(2);
  });

  it('to what is no URL is an error of its own', async () => {
    expect(await request({ url: target('http://[') })).toBe('bad_request');
  });

  it.each(['/loop', '/ping'])('is followed no more than five times (%s)', async (path) => {
    expect(await request({ url: `http://api.test:${server.port}${path}` })).toBe('too_many_redirects');
    expect(server.seen).toHaveLength(6);
  });

  it('turns POST into GET for 303 and 302, and keeps it for 307', async () => {
    const post = { method: 'POST', headers: { 'content-type': 'text/plain' }, body: Buffer.from('data') };
    await request({ ...post, url: target('/a', 303) });
    await request({ ...post, url: target('/b', 302) });
    await request({ ...post, url: target('/c', 307) });
    const arrived = server.seen.filter(({ url }) => /^\/[abc]$/.test(url));
    expect(arrived.map(({ method, body, headers }) => `${method} ${headers['content-type'] ?? ''} ${body}`)).toEqual([
      'GET  ',
      'GET  ',
      'POST text/plain data',
    ]);
  });

  it('does not take credentials to another origin, and not back again either', async () => {
    const headers = { Authorization: 'Bearer secret', Cookie: 'a=b', 'x-kept': '1' };
    const back = `http://api.test:${server.port}/back`;
    await request({ headers, url: target(`http://second.test:${server.port}/?to=${encodeURIComponent(back)}`) });
    expect(server.seen).toHaveLength(3);
    expect(server.seen[0]?.headers).toMatchObject({ authorization: 'Bearer secret', cookie: 'a=b' });
    for (const hop of server.seen.slice(1)) {
      expect(hop.headers).toMatchObject({ 'x-kept': '1' });
      expect(hop.headers).not.toHaveProperty('authorization');
      expect(hop.headers).not.toHaveProperty('cookie');
    }
  });

  it('keeps them within its origin', async () => {
    await request({ headers: { Authorization: 'Bearer secret' }, url: target(`http://API.test.:${server.port}/there`) });
    expect(server.seen[1]?.headers).toMatchObject({ authorization: 'Bearer secret' });
  });

  it('with a long body is followed without reading all of it', async () => {
    expect(await request({ url: `http://api.test:${server.port}/?length=5000000&to=/there` })).toBe('200 GET /there');
  });
});
