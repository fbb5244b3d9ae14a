import { describe, expect, it } from '@jest/globals';
import { AppError, type PathMatch, type SnapshotMatch } from '@torii/contracts';
import type { RequestHead } from './request-facts.js';
import { parseRequestTarget } from './request-target.js';
import { RouteTable } from './route-table.js';

interface TestRoute {
  id: string;
  name: string;
  match: SnapshotMatch[];
  priority: number | undefined;
}

function route(name: string, part: Partial<SnapshotMatch>, priority?: number): TestRoute {
  return { id: name, name, match: [{ hosts: [], paths: [], methods: [], ...part }], priority };
}

function head(method: string, headers: Record<string, string[]> = {}): RequestHead {
  const joined = Object.fromEntries(Object.entries(headers).map(([name, values]) => [name, values.join(', ')]));
  return { method, headers: joined, headersDistinct: headers };
}
const prefix = (value: string): PathMatch => ({ type: 'prefix', value });
const exact = (value: string): PathMatch => ({ type: 'exact', value });
const template = (value: string): PathMatch => ({ type: 'template', value });

function find(routes: TestRoute[], url: string, host = 'h', method = 'GET', headers: Record<string, string[]> = {}): string {
  return new RouteTable(routes).match(parseRequestTarget(url, host), head(method, headers)).route.name;
}

function refusal(routes: TestRoute[], url: string, method = 'GET'): AppError {
  try {
    find(routes, url, 'h', method);
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error('it matched');
}

describe('RouteTable', () => {
  it('matches a prefix by whole segments', () => {
    const routes = [route('search', { paths: [prefix('/search')] })];
    expect(find(routes, '/search')).toBe('search');
    expect(find(routes, '/search/')).toBe('search');
    expect(find(routes, '/search/deep?q=1')).toBe('search');
    expect(refusal(routes, '/searching').code).toBe('routing.no_route');
  });

  it('matches an exact path only as it is', () => {
    const routes = [route('only', { paths: [exact('/only')] })];
    expect(find(routes, '/only')).toBe('only');
    expect(refusal(routes, '/only/').code).toBe('routing.no_route');
    expect(refusal(routes, '/only/x').code).toBe('routing.no_route');
  });

  it('hands out what a template names', () => {
    const table = new RouteTable([route('user', { paths: [template('/users/:id/*/:part')] })]);
    const match = table.match(parseRequestTarget('/users/4%202/any/x', 'h'), head('GET'));
    expect(match.pathParams).toEqual({ id: '4 2', part: 'x' });
  });

  it('prefers literal segments to named ones, named ones to *, and a longer prefix to a shorter', () => {
    const routes = [
      route('all', { paths: [prefix('/')] }),
      route('users', { paths: [prefix('/users')] }),
      route('star', { paths: [template('/users/*')] }),
      route('named', { paths: [template('/users/:id')] }),
      route('me', { paths: [exact('/users/me')] }),
    ];
    expect(find(routes, '/users/me')).toBe('me');
    expect(find(routes, '/users/42')).toBe('named');
    expect(
      find(
        routes.filter(({ name }) => name !== 'named'),
        '/users/42',
      ),
    ).toBe('star');
    expect(find(routes, '/users/42/x')).toBe('users');
    expect(find(routes, '/elsewhere')).toBe('all');
  });

  it('goes back to a less specific branch when the more specific one leads nowhere', () => {
    const routes = [route('deep', { paths: [exact('/a/b/c')] }), route('named', { paths: [template('/a/:x/d')] })];
    expect(find(routes, '/a/b/d')).toBe('named');
  });

  it('prefers an exact host to a suffix, a longer suffix to a shorter, any to none, and falls back in that order', () => {
    const routes = [
      route('exact', { hosts: ['a.b.example'], paths: [prefix('/only')] }),
      route('long', { hosts: ['*.b.example'], paths: [prefix('/long')] }),
      route('short', { hosts: ['*.example'], paths: [prefix('/short')] }),
      route('any', {}),
    ];
    expect(find(routes, '/only', 'a.b.example')).toBe('exact');
    expect(find(routes, '/long', 'a.b.example')).toBe('long');
    expect(find(routes, '/short', 'a.b.example')).toBe('short');
    expect(find(routes, '/none', 'a.b.example')).toBe('any');
    expect(find(routes, '/short', 'example')).toBe('any');
  });

  it('answers 405 with every method that would do, and 404 when no method would', () => {
    const routes = [route('get', { paths: [prefix('/x')], methods: ['GET'] }), route('put', { paths: [prefix('/x')], methods: ['PUT'] })];
    const error = refusal(routes, '/x', 'DELETE');
    expect(error.code).toBe('routing.method_not_allowed');
    expect(error.headers.allow).toBe('GET, HEAD, PUT');
    expect(refusal(routes, '/y', 'DELETE').code).toBe('routing.no_route');
  });

  it('lets GET routes answer HEAD', () => {
    expect(find([route('get', { methods: ['GET'] })], '/', 'h', 'HEAD')).toBe('get');
  });

  it('prefers the route that names the method, then the name that sorts first', () => {
    const routes = [route('b', {}), route('a', {}), route('z-get', { methods: ['GET'] })];
    expect(find(routes, '/')).toBe('z-get');
    expect(find(routes, '/', 'h', 'POST')).toBe('a');
  });

  it('takes a segment for an expression only as a whole, before a plain name and after a literal', () => {
    const routes = [
      route('any', { paths: [template('/users/:id')] }),
      route('number', { paths: [template('/users/$id<[0-9]+>')] }),
      route('word', { paths: [template('/users/$id<[a-z]+>/edit')] }),
      route('seven', { paths: [exact('/users/7')] }),
    ];
    expect(find(routes, '/users/7')).toBe('seven');
    expect(find(routes, '/users/42')).toBe('number');
    expect(find(routes, '/users/42x')).toBe('any');
    expect(find(routes, '/users/abc/edit')).toBe('word');
    const match = new RouteTable(routes).match(parseRequestTarget('/users/4%32', 'h'), head('GET'));
    expect(match.pathParams).toEqual({ id: '42' });
    expect(refusal([route('empty', { paths: [template('/users/$id<.*>')] })], '/users/').code).toBe('routing.no_route');
  });

  it('matches a host with a * inside by exactly one label, after the exact host and before a suffix', () => {
    const routes = [
      route('exact', { hosts: ['a.x.b.example'] }),
      route('inner', { hosts: ['a.*.b.example'] }),
      route('later', { hosts: ['a.x.*.example'] }),
      route('last', { hosts: ['a.x.b.*'] }),
      route('suffix', { hosts: ['*.b.example'] }),
    ];
    expect(find(routes, '/', 'a.x.b.example')).toBe('exact');
    expect(find(routes, '/', 'a.y.b.example')).toBe('inner');
    expect(find(routes, '/', 'a.x.c.example')).toBe('later');
    expect(find(routes, '/', 'a.x.b.test')).toBe('last');
    expect(find(routes, '/', 'a.y.z.b.example')).toBe('suffix');
    expect(find(routes.slice(1), '/', 'a.x.b.example')).toBe('inner');
    expect(() => find(routes, '/', 'a..b.test')).toThrow(expect.objectContaining({ code: 'routing.no_route' }));
  });

  it('asks for headers, query parameters and cookies, any of several of a name', () => {
    const routes = [
      route('exact', { headers: [{ name: 'X-Kind', type: 'exact', value: 'b' }] }),
      route('regex', { query: [{ name: 'v', type: 'regex', value: '[0-9]+(\\.[0-9]+)?' }] }),
      route('wildcard', { cookies: [{ name: 'session', type: 'wildcard', value: 'a*b*c' }] }),
      route('exists', { query: [{ name: 'debug', type: 'exists' }] }),
      route('without', { headers: [{ name: 'authorization', type: 'absent' }] }),
      route('else', {}),
    ];
    const authorization = ['x'];
    const at = (url: string, headers: Record<string, string[]> = {}) => find(routes, url, 'h', 'GET', { authorization, ...headers });
    expect(at('/', { 'x-kind': ['a', 'b'] })).toBe('exact');
    expect(at('/', { 'x-kind': ['B'] })).toBe('else');
    expect(at('/?v=no&v=1.5')).toBe('regex');
    expect(at('/?v=1.5x')).toBe('else');
    expect(at('/', { cookie: ['other=1; session=a-1-b-2-c'] })).toBe('wildcard');
    expect(at('/', { cookie: ['session=ac'] })).toBe('else');
    expect(at('/?debug')).toBe('exists');
    expect(find(routes, '/')).toBe('without');
    expect(at('/', { constructor: ['x'] })).toBe('else');
    expect(find([route('odd', { headers: [{ name: 'constructor', type: 'exists' }] }), route('else', {})], '/')).toBe('else');
  });

  it('prefers more conditions to fewer, and falls back when they do not hold', () => {
    const kind = { name: 'x-kind', type: 'exact', value: 'a' } as const;
    const beta = { name: 'beta', type: 'exists' } as const;
    const routes = [route('plain', {}), route('one', { headers: [kind] }), route('two', { headers: [kind], query: [beta] })];
    expect(find(routes, '/?beta', 'h', 'GET', { 'x-kind': ['a'] })).toBe('two');
    expect(find(routes, '/', 'h', 'GET', { 'x-kind': ['a'] })).toBe('one');
    expect(find(routes, '/?beta')).toBe('plain');
  });

  it('says 405 only when everything but the method fits', () => {
    const routes = [route('post', { methods: ['POST'], headers: [{ name: 'x', type: 'exists' }] })];
    expect(refusal(routes, '/').code).toBe('routing.no_route');
  });

  it('puts a higher priority before anything more specific, and a lower one behind', () => {
    const routes = [
      route('exact', { hosts: ['h'], paths: [exact('/a/b')] }),
      route('high', { paths: [prefix('/a')], methods: ['GET'] }, 10),
      route('higher', { paths: [template('/:x/b')], headers: [{ name: 'x', type: 'exists' }] }, 20),
      route('low', { hosts: ['h'], paths: [exact('/z')] }, -1),
      route('all', {}),
    ];
    expect(find(routes, '/a/b')).toBe('high');
    expect(find(routes, '/a/b', 'h', 'GET', { x: ['1'] })).toBe('higher');
    expect(find(routes, '/a/b', 'h', 'POST')).toBe('exact');
    expect(find(routes, '/z')).toBe('all');
    expect(find(routes.slice(0, 4), '/z')).toBe('low');
  });

  it('takes time in proportion to the request for expressions that make other engines stall', () => {
    const routes = [route('hostile', { query: [{ name: 'q', type: 'regex', value: '(a|a)*(a|aa)+b' }] }), route('else', {})];
    expect(find(routes, `/?q=${'a'.repeat(8_000)}`)).toBe('else');
    expect(
      find([route('wild', { query: [{ name: 'q', type: 'wildcard', value: '*a*a*a*a*a*a*a*b' }] }), route('else', {})], `/?q=${'a'.repeat(8_000)}`),
    ).toBe('else');
  });
});
