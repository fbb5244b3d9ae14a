import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { incomingHeaders } from './incoming-head.js';
import { isLinkLocal } from './link-local.js';
import { outgoingHeaders } from './outgoing-head.js';
import { pathRewriter } from './path-rewriter.js';

const facts = {
  id: 'rq_1',
  authority: 'a.example',
  remoteAddress: '::ffff:192.0.2.1',
  host: 'up.example',
  defaultHost: 'up.example',
  added: undefined,
};

function sent(rawHeaders: readonly string[], part: Partial<Parameters<typeof outgoingHeaders>[0]> = {}): [string, string][] {
  const headers = outgoingHeaders({ ...facts, isBodyStreamed: false, rawHeaders, ...part });
  return headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1] ?? ''] as [string, string]] : []));
}
const valuesOf = (headers: readonly [string, string][], wanted: string): string[] =>
  headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);

describe('outgoingHeaders', () => {
  it('keeps order, spelling and repetition of what goes on', () => {
    const headers = sent(['X-B', '1', 'Host', 'a.example', 'x-a', '2', 'X-B', '3', 'Cookie', 'c=d']);
    expect(headers.slice(0, 4)).toEqual([
      ['X-B', '1'],
      ['x-a', '2'],
      ['X-B', '3'],
      ['Cookie', 'c=d'],
    ]);
  });

  it('drops what Connection lists, in whatever case, but never a length that the body needs', () => {
    const headers = sent(['X-Hop', '1', 'Connection', 'x-hop, Content-Length', 'Content-Length', '5', 'CONNECTION', 'X-Other', 'x-other', '2'], {
      isBodyStreamed: true,
    });
    expect([valuesOf(headers, 'x-hop'), valuesOf(headers, 'x-other'), valuesOf(headers, 'connection')]).toEqual([[], [], []]);
    expect(valuesOf(headers, 'content-length')).toEqual(['5']);
  });

  it('says who asked even when the client would have that dropped', () => {
    const headers = sent(['Connection', 'X-Forwarded-For, Forwarded', 'X-Forwarded-For', '10.0.0.1']);
    expect(valuesOf(headers, 'x-forwarded-for')).toEqual(['10.0.0.1, 192.0.2.1']);
    expect(valuesOf(headers, 'forwarded')).toEqual(['for=192.0.2.1;host=a.example;proto=http']);
  });

  it('quotes what needs it (RFC 7239 section 6)', () => {
    const headers = sent([], { remoteAddress: '2001:db8::1', authority: 'a.example:8080' });
    expect(valuesOf(headers, 'forwarded')).toEqual(['for="[2001:db8::1]";host="a.example:8080";proto=http']);
    expect([valuesOf(headers, 'x-forwarded-for'), valuesOf(headers, 'x-forwarded-port')]).toEqual([['2001:db8::1'], ['8080']]);
  });

  it('gives the host of the request where none is set, and the default where it has none', () => {
    expect(valuesOf(sent(['Host', 'b.example'], { host: undefined }), 'host')).toEqual(['b.example']);
    expect(valuesOf(sent([], { host: undefined }), 'host')).toEqual(['up.example']);
  });

  it('puts added headers in the place of those of their names', () => {
    const headers = sent(['Traceparent', 'theirs'], { added: ['traceparent', 'ours'] });
    expect(valuesOf(headers, 'traceparent')).toEqual(['ours']);
  });

  it('never sends a header of the connection, whatever comes', () => {
    const name = fc.constantFrom(
      'Connection',
      'keep-alive',
      'TE',
      'Upgrade',
      'transfer-encoding',
      'Expect',
      'Trailer',
      'Proxy-Connection',
      'x',
      'Host',
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.constantFrom('a', 'close', 'x, te', ''))), (pairs) => {
        const names = sent(pairs.flat()).map(([one]) => one.toLowerCase());
        for (const gone of ['connection', 'keep-alive', 'te', 'upgrade', 'transfer-encoding', 'expect', 'trailer', 'proxy-connection']) {
          expect(names).not.toContain(gone);
        }
        expect(names.filter((one) => one === 'host')).toEqual(['host']);
      }),
    );
  });
});

describe('incomingHeaders', () => {
  it('drops what is of the connection, and what tells our answers from theirs', () => {
    const raw = {
      connection: 'close, x-hop',
      'x-hop': '1',
      'x-torii-error': 'a',
      'x-request-id': 'b',
      upgrade: 'c',
      'set-cookie': ['d', 'e'],
      'x-f': 'g',
    };
    expect(incomingHeaders(200, raw)).toEqual({ 'set-cookie': ['d', 'e'], 'x-f': 'g' });
  });

  it('drops a length that a status cannot have, and the names of trailers that a length rules out', () => {
    expect(incomingHeaders(204, { 'content-length': '0' })).toEqual({});
    expect(incomingHeaders(200, { 'content-length': '1', trailer: 'x' })).toEqual({ 'content-length': '1' });
    expect(incomingHeaders(200, { trailer: 'x' })).toEqual({ trailer: 'x' });
  });
});

describe('pathRewriter', () => {
  it('puts the rest in as it is, and parameters escaped anew', () => {
    const rewrite = pathRewriter(`/v2/\${id}/\${rest}/end`);
    expect(rewrite('/a%2Fb/c', { id: 'x y/z' })).toBe('/v2/x%20y%2Fz/a%2Fb/c/end');
    expect(pathRewriter('/fixed')('/a', {})).toBe('/fixed');
    expect(pathRewriter(`/\${rest}`)('/', {})).toBe('/');
  });
});

describe('isLinkLocal', () => {
  it('knows link-local addresses of both families, and one within the other', () => {
    for (const address of ['169.254.169.254', '169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%eth0', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe']) {
      expect([address, isLinkLocal(address)]).toEqual([address, true]);
    }
    for (const address of ['10.0.0.1', '127.0.0.1', '::1', 'fec0::1', 'fd00::1', '169.253.0.1', 'example.com', '']) {
      expect([address, isLinkLocal(address)]).toEqual([address, false]);
    }
  });
});
