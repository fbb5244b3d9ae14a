import { describe, expect, it } from '@jest/globals';
import { RequestTransformerOutput } from '@torii/contracts';
import { changedRequest } from './change-request.js';
import type { OutgoingRequest } from './gateway-request.js';

const before: OutgoingRequest = {
  method: 'POST',
  path: '/a',
  search: 'q=1',
  rawHeaders: ['Host', 'a.example', 'X-Twice', '1', 'x-twice', '2', 'Cookie', 'a=1; b=2', 'Content-Length', '3', 'Connection', 'close'],
  cookieHeader: 'a=1; b=2',
  body: Buffer.from('old'),
};
const change = (output: object): OutgoingRequest => changedRequest(before, 'a.example:8080', RequestTransformerOutput.parse(output));

describe('changedRequest', () => {
  it('replaces headers as a whole, but keeps cookies and what belongs to the connection', () => {
    expect(change({ headers: { 'X-New': 'n' } }).rawHeaders).toEqual([
      'X-New',
      'n',
      'Cookie',
      'a=1; b=2',
      'Content-Length',
      '3',
      'Connection',
      'close',
    ]);
    expect(change({ headers: { 'x-new': 'n', connection: 'keep-alive', 'Transfer-Encoding': 'chunked', upgrade: 'x' } }).rawHeaders).toEqual([
      'x-new',
      'n',
      'Cookie',
      'a=1; b=2',
      'Content-Length',
      '3',
      'Connection',
      'close',
    ]);
  });

  it('keeps the lines of a header that comes back joined as it was given', () => {
    expect(change({ headers: { 'X-Twice': '1, 2', 'X-New': ['n', 'm'] } }).rawHeaders.slice(0, 8)).toEqual([
      'X-Twice',
      '1',
      'x-twice',
      '2',
      'X-New',
      'n',
      'X-New',
      'm',
    ]);
  });

  it('takes cookies from their own field, or from a header of that name', () => {
    expect(change({ cookies: [] })).toMatchObject({ cookieHeader: undefined });
    expect(change({ cookies: [] }).rawHeaders).not.toContain('Cookie');
    expect(change({ cookies: [{ name: 'c', value: '3' }] }).cookieHeader).toBe('c=3');
    expect(change({ headers: { cookie: 'd=4' } })).toMatchObject({ cookieHeader: 'd=4', rawHeaders: expect.arrayContaining(['cookie', 'd=4']) });
  });

  it('says how long a body is that it was given', () => {
    const { body, rawHeaders } = change({ body_str: 'é!' });
    expect(Buffer.from(body ?? []).toString()).toBe('é!');
    expect(rawHeaders.slice(-2)).toEqual(['Content-Length', '3']);
    expect(change({ body_bytes: [] }).rawHeaders.slice(-2)).toEqual(['Content-Length', '0']);
    expect(change({ body_str: 'old' })).toEqual(before);
  });

  it.each([
    ['/b?c=d', { path: '/b', search: 'c=d' }],
    ['/b', { path: '/b', search: '' }],
    ['http://A.example:8080/b', { path: '/b', search: '' }],
    ['https://a.example:8080/b?x', { path: '/b', search: 'x' }],
  ])('goes where the URL %s says', (url, target) => {
    expect(change({ url })).toMatchObject(target);
  });

  it.each([
    [{ url: 'http://other.example/' }, /must stay a\.example:8080/],
    [{ url: '//other.example/' }, /must stay|url/],
    [{ url: 'file:///etc/passwd' }, /url/],
    [{ url: '/a/../b' }, /url/],
    [{ url: '/a b' }, /must be escaped/],
    [{ url: '/a#b' }, /url: .*%23/],
    [{ url: '/a\r\nx: y' }, /must be escaped/],
    [{ headers: { 'a b': 'x' } }, /header name/],
    [{ headers: { a: 'x\r\ny: z' } }, /header a/],
    [{ headers: { a: '1', A: '2' } }, /twice/],
    [{ cookies: [{ name: 'a;b', value: 'x' }] }, /cookie/],
    [{ body_base64: '!' }, /base64/],
    [{ headers: { Host: ['a.example', 'b.example'] } }, /host/i],
    [{ method: 'connect' }, /CONNECT/],
    [{ url: 'http://a.example:8080@other.example/' }, /url/],
    [{ url: '/a\\b' }, /url/],
    [{ url: '/a%2F..%2Fb' }, /url/],
  ])('refuses %j', (output, message) => {
    expect(() => change(output)).toThrow(message);
    expect(() => change(output)).toThrow(expect.objectContaining({ code: 'plugin.bad_output' }));
  });
});
