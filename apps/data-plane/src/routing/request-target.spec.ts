import { describe, expect, it } from '@jest/globals';
import { AppError } from '@torii/contracts';
import { parseRequestTarget } from './request-target.js';

describe('parseRequestTarget', () => {
  it('reads origin form with the host in lower case, without port or trailing dot', () => {
    expect(parseRequestTarget('/a/b%20c?x=1', 'API.Example.com.:8080')).toEqual({
      host: 'api.example.com',
      authority: 'API.Example.com.:8080',
      path: '/a/b%20c',
      segments: ['a', 'b c'],
      search: 'x=1',
      isQueryEmpty: false,
    });
  });

  it('tells an empty query from none', () => {
    expect(['/a?', '/a', '/a?b?', 'http://a.example?'].map((url) => parseRequestTarget(url, 'a').isQueryEmpty)).toEqual([true, false, false, true]);
  });

  it('takes the host of an absolute form over the Host header', () => {
    expect(parseRequestTarget('http://a.example/x', 'b.example')).toMatchObject({ host: 'a.example', path: '/x' });
    expect(parseRequestTarget('http://a.example', 'b.example')).toMatchObject({ host: 'a.example', path: '/' });
  });

  it('keeps the brackets of an IPv6 host', () => {
    expect(parseRequestTarget('/', '[::1]:8080').host).toBe('[::1]');
    expect(parseRequestTarget('/', '[::1]').host).toBe('[::1]');
  });

  it.each(['a/b', 'a b', 'user@a', 'a:b', '[::1', 'a?b', 'a\\b'])('refuses %j as a host', (host) => {
    expect(() => parseRequestTarget('/', host)).toThrow(expect.objectContaining({ code: 'client.bad_request' }));
  });

  it('reads hosts alike however many it has seen', () => {
    for (let index = 0; index < 3_000; index += 1) {
      const { host } = parseRequestTarget('/', `Host-${index % 1_500}.example:1`);
      expect(host).toBe(`host-${index % 1_500}.example`);
    }
  });

  it('keeps an escaped slash inside its segment', () => {
    expect(parseRequestTarget('/a%2Fb/c', '').segments).toEqual(['a/b', 'c']);
  });

  it.each([
    // A fragment, a backslash or a name before an @: what is meant depends on who reads them.
    '/admin#x',
    '/a?b#c',
    '/x\\..\\admin',
    '/a\\b',
    'http://h@other/x',
    'http://h#x',
    // Segments that only show once escapes are read.
    '/x%2F..%2Fadmin',
    '/x%2f%2e%2e',
    '/%2e%2Fx',
    '/x%5C..%5cadmin',
  ])('refuses %s, which others may read as another path', (url) => {
    expect(() => parseRequestTarget(url, 'h')).toThrow(expect.objectContaining({ code: 'client.bad_request' }));
  });

  it('takes dots that are a part of a name', () => {
    expect(parseRequestTarget('/a..b/...%2F..c/.well-known?x=../..', 'h').segments).toEqual(['a..b', '.../..c', '.well-known']);
  });

  it.each(['*', 'a', 'ftp://x/', '/%', '/%zz', '/a/../b', '/a/%2e%2E/b', '/./a', `/${'a/'.repeat(300)}`])('refuses %s', (url) => {
    expect(() => parseRequestTarget(url, 'h')).toThrow(AppError);
  });
});
