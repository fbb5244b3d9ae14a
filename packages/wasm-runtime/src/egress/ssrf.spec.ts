import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type DnsAnswer, type NameServer, startNameServer } from '../../test/a-name-server.js';
import { type RunningServer, startServer } from '../../test/a-server.js';
import { type Ask, TestEgress } from '../../test/an-egress.js';

const egresses = new TestEgress();
let server: RunningServer;
let names: NameServer;
/** What the name server says, by name; names that are not here do not exist. */
let zone: Map<string, (type: 'A' | 'AAAA') => DnsAnswer>;

const a =
  (...addresses: string[]) =>
  (type: string): DnsAnswer =>
    addresses.filter((address) => (type === 'AAAA') === address.includes(':')).map((value) => ({ type: type as 'A', value }));

beforeEach(async () => {
  zone = new Map([['api.test', a('127.0.0.1')]]);
  names = await startNameServer((name, type) => zone.get(name)?.(type) ?? []);
  server = await startServer((request, response) => void response.end(`${request.method} ${request.url}`));
});

afterEach(async () => {
  await egresses.close();
  await names.close();
  await server.close();
});

/** Of a plugin that may call `api.test`, the test's server by its address, and whatever a test adds. */
function open(options: Parameters<TestEgress['open']>[0] = {}, ...allowedHosts: string[]): Ask {
  const own = ['api.test', '127.0.0.1', '0.0.0.0', '[::ffff:7f00:1]', '[::1]', '[::]'].map((host) => `${host}:${server.port}`);
  return egresses.open(
    { dnsServers: [names.address], ...options },
    { url: `http://api.test:${server.port}/`, allowedHosts: [...own, ...allowedHosts], allowPrivate: true },
  );
}

describe('an outbound call', () => {
  it('reaches an allowed host at the address that was checked', async () => {
    expect(await open()({})).toBe('200 GET /');
    expect(server.seen[0]?.headers.host).toBe(`api.test:${server.port}`);
  });

  it('is refused for a host that is not allowed, before its name is looked up', async () => {
    expect(await open()({ url: 'http://other.test/' })).toBe('egress_refused');
    expect(names.seen).toEqual([]);
  });

  it('needs both the permission of the plugin and a range of the operator to reach a private address', async () => {
    expect(await open()({ allowPrivate: false })).toBe('egress_refused');
    expect(await open({ privateCidrs: [] })({ allowPrivate: true })).toBe('egress_refused');
    expect(server.seen).toEqual([]);
  });

  it('does not lend a connection to a private address to a plugin that may not reach it', async () => {
    const request = open();
    expect(await request({ allowPrivate: true })).toBe('200 GET /');
    expect(await request({ allowPrivate: false })).toBe('egress_refused');
  });

  it('goes to the override of an allowed host, without look-up and address checks', async () => {
    const request = open({ overrides: new Map([['far.test', new URL(server.origin)]]), privateCidrs: [] });
    expect(await request({ url: 'https://far.test/search?q=1', allowedHosts: ['far.test'], allowPrivate: false })).toBe('200 GET /search?q=1');
    expect(await request({ url: 'https://far.test/', allowedHosts: [] })).toBe('egress_refused');
    expect(names.seen).toEqual([]);
  });

  it('fails plainly when nobody listens or nothing resolves', async () => {
    expect(await open()({ url: 'http://api.test:1/', allowedHosts: ['api.test:1'] })).toBe('unreachable');
    expect(await open()({ url: 'http://nowhere.test/', allowedHosts: ['nowhere.test'] })).toBe('unreachable');
  });
});

describe('a name', () => {
  it.each([
    '0.0.0.0',
    '127.0.0.1',
    '10.0.0.1',
    '169.254.169.254',
    '100.100.100.200',
    '::1',
    '::',
    '::ffff:127.0.0.1',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'fe80::1',
    'fd00:ec2::254',
  ])('that resolves to %s is refused', async (address) => {
    zone.set('api.test', a(address));
    expect(await open()({ allowPrivate: false })).toBe('egress_refused');
    expect(server.seen).toHaveLength(0);
  });

  it.each(['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '168.63.129.16'])(
    'of a metadata service (%s) is refused to everyone, whatever the operator opens',
    async (address) => {
      zone.set('api.test', a(address));
      expect(await open({ privateCidrs: ['0.0.0.0/0', '::/0'] })({ allowPrivate: true })).toBe('egress_refused');
    },
  );

  it('is refused when only one of its addresses is private', async () => {
    zone.set('api.test', a('93.184.216.34', '93.184.216.35', '127.0.0.1'));
    expect(await open()({ allowPrivate: false })).toBe('egress_refused');
    zone.set('api.test', a('93.184.216.34', '::1'));
    expect(await open()({ allowPrivate: false })).toBe('egress_refused');
  });

  it('that is an alias of a private one is refused', async () => {
    zone.set('api.test', (type) =>
      type === 'A'
        ? [
            { type: 'CNAME', value: 'inner.test' },
            { type: 'A', name: 'inner.test', value: '127.0.0.1' },
          ]
        : [],
    );
    expect(await open()({ allowPrivate: false })).toBe('egress_refused');
    expect(await open()({ allowPrivate: true })).toBe('200 GET /');
  });

  it('that resolves to something else a moment later gains nothing: it is looked up once, checked, and gone to', async () => {
    const answers = ['127.0.0.1', '169.254.169.254'];
    zone.set('api.test', (type) => (type === 'A' ? a(answers.shift() ?? '169.254.169.254')(type) : []));
    const request = open();
    expect(await request({})).toBe('200 GET /');
    expect(names.seen).toEqual(['api.test']);
    // The connection is still open, but it belongs to the address of before.
    expect(await request({})).toBe('egress_refused');
    expect(server.seen).toHaveLength(1);
  });

  it('may come with capitals, a trailing dot or in another script', async () => {
    const request = open();
    for (const host of ['API.Test', 'api.test.', 'ａｐｉ.test', 'api。test', '%61pi.test']) {
      expect(await request({ url: `http://${host}:${server.port}/` })).toBe('200 GET /');
    }
    expect(new Set(server.seen.map(({ headers }) => headers.host))).toEqual(new Set([`api.test:${server.port}`]));
  });

  it('in another script is not the one it looks like', async () => {
    const cyrillicA = 'а';
    expect(await open()({ url: `http://${cyrillicA}pi.test:${server.port}/` })).toBe('egress_refused');
    zone.set('xn--bcher-kva.test', a('127.0.0.1'));
    const request = open({}, `bücher.test:${server.port}`);
    expect(await request({ url: `http://BÜCHER.test:${server.port}/` })).toBe('200 GET /');
    expect(await request({ url: `http://xn--bcher-kva.test:${server.port}/` })).toBe('200 GET /');
  });
});

describe('an address', () => {
  it.each(['2130706433', '0x7f000001', '017700000001', '0177.0.0.1', '0x7f.1', '127.1', '127.0.1', '127.0.0.1.', '①②⑦.0.0.1', '0', '0.0.0.0'])(
    'of this machine is refused written as %s',
    async (host) => {
      expect(await open()({ url: `http://${host}:${server.port}/`, allowPrivate: false })).toBe('egress_refused');
      expect(server.seen).toHaveLength(0);
    },
  );

  it.each(['[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::127.0.0.1]'])(
    'of this machine is refused written as %s',
    async (host) => {
      const request = open({}, `${host}:${server.port}`);
      expect(await request({ url: `http://${host}:${server.port}/`, allowPrivate: false })).toBe('egress_refused');
      expect(server.seen).toHaveLength(0);
    },
  );

  it('in any spelling is the same entry of the list', async () => {
    const request = open();
    for (const host of ['2130706433', '0x7f.1', '127.1', '[::ffff:127.0.0.1]']) {
      const outcome = await request({ url: `http://${host}:${server.port}/`, allowedHosts: [`${host}:${server.port}`] });
      // A mapped address connects like the one it carries, where the machine has IPv6 at all.
      expect(host.startsWith('[') ? ['200 GET /', 'unreachable'] : ['200 GET /']).toContain(outcome);
    }
  });
});

describe('a URL', () => {
  it.each(['ftp://api.test/', 'file:///etc/passwd', 'data:text/plain,x', 'blob:http://api.test/x', 'gopher://api.test/', 'ws://api.test/'])(
    'of another scheme is refused: %s',
    async (url) => {
      expect(await open({}, 'api.test')({ url })).toBe('egress_refused');
    },
  );

  it.each([
    'http://user:secret@api.test:PORT/',
    'http://api.test:PORT@evil.test/',
    'http://api.test@evil.test:PORT/',
    'http://evil.test#@api.test:PORT/',
    'http://evil.test?@api.test:PORT/',
    'http://evil.test\\@api.test:PORT/',
    'http://api.test%2f@evil.test/',
    'http://evil.test/http://api.test:PORT/',
    'http:api.test:PORT@evil.test',
  ])('that hides where it goes is refused: %s', async (url) => {
    expect(await open()({ url: url.replace('PORT', String(server.port)) })).toBe('egress_refused');
    expect(names.seen).toEqual([]);
    expect(server.seen).toEqual([]);
  });

  it('goes to another port only when the list says so', async () => {
    expect(await open({}, 'api.test')({ url: `http://api.test:${server.port}/`, allowedHosts: ['api.test', 'api.test:1'] })).toBe('egress_refused');
    expect(await open()({ url: 'http://api.test:443/', allowedHosts: ['api.test'] })).toBe('egress_refused');
    expect(await open()({ url: 'http://api.test:65536/' })).toBe('bad_request');
  });

  it.each([
    { url: 'nonsense' },
    { url: 'http://' },
    { url: `http://api.test/${'x'.repeat(20_000)}` },
    { url: 'http://[::1/' },
    { url: 'http://a b/' },
    { method: 'G ET' },
    { method: 'CONNECT' },
    { headers: { 'x-a': 'a\r\nx-b: b' } },
    { headers: { 'bad name': 'x' } },
    { headers: { 'x-large': 'x'.repeat(70_000) } },
  ])('or request that cannot be sent is refused as such (%#)', async (broken) => {
    expect(await open()(broken)).toBe('bad_request');
    expect(server.seen).toHaveLength(0);
  });

  it('cannot put a second request into the first', async () => {
    const request = open();
    await request({ url: `http://api.test:${server.port}/a\r\nHost: evil\r\n\r\nGET /b` });
    await request({ url: `http://api.test:${server.port}/x y?q=\r\nz` });
    expect(server.seen.map(({ url }) => url)).toEqual(['/aHost:%20evilGET%20/b', '/x%20y?q=z']);
  });

  it('sends no headers of the connection and no body with GET', async () => {
    await open()({
      headers: { Host: 'evil', Connection: 'close', 'Transfer-Encoding': 'chunked', 'Content-Length': '5', Upgrade: 'h2c', 'X-Mine': '1' },
      body: Buffer.from('12345'),
    });
    expect(server.seen[0]).toMatchObject({ headers: { host: `api.test:${server.port}`, 'x-mine': '1' }, body: '' });
    for (const name of ['content-length', 'upgrade', 'transfer-encoding']) expect(server.seen[0]?.headers).not.toHaveProperty(name);
  });
});
