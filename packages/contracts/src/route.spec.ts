import { describe, expect, it } from '@jest/globals';
import { HostPattern, RouteSpec, type RouteSpecInput } from './route.js';
import { parseTemplate } from './route-template.js';

const smallest: RouteSpecInput = { name: 'search', match: [{}], target: { kind: 'function', plugin: 'geolocation' } };

/** Where the first problem of that route is; undefined when there is none. */
function problemAt(change: Record<string, unknown>): string | undefined {
  const issue = RouteSpec.safeParse({ ...smallest, ...change }).error?.issues[0];
  return issue === undefined ? undefined : `/${issue.path.join('/')}`;
}

describe('RouteSpec', () => {
  it('is enabled, strips its path and follows the newest version, unless told otherwise', () => {
    expect(RouteSpec.parse(smallest)).toEqual({
      name: 'search',
      enabled: true,
      tags: [],
      match: [{ hosts: [], paths: [], methods: [], headers: [], query: [], cookies: [] }],
      priority: 0,
      stripPath: true,
      plugins: [],
      target: { kind: 'function', plugin: 'geolocation', version: 'latest' },
    });
  });

  it('brings hosts and methods to one case', () => {
    const route = RouteSpec.parse({ ...smallest, match: [{ hosts: ['API.Example.com'], methods: ['get', 'Post'] }] });
    expect(route.match[0]).toMatchObject({ hosts: ['api.example.com'], methods: ['GET', 'POST'] });
  });

  it('needs at least one match', () => {
    expect(problemAt({ match: [] })).toBe('/match');
    expect(problemAt({ match: undefined })).toBe('/match');
  });

  it('points to what is wrong', () => {
    const path = (value: string) => ({ match: [{ paths: [{ type: 'prefix', value }] }] });
    expect(problemAt(path('search'))).toBe('/match/0/paths/0/value');
    expect(problemAt(path('/search?q=1'))).toBe('/match/0/paths/0/value');
    expect(problemAt(path('/a b'))).toBe('/match/0/paths/0/value');
    for (const unreachable of ['/%zz', '/a/../b', '/a/%2E%2e', '/.', '/a'.repeat(257)]) {
      expect(problemAt(path(unreachable))).toBe('/match/0/paths/0/value');
    }
    for (const value of ['/', '/a/', '/%C3%A9', '/a%2Fb', '/...', '/a'.repeat(256)]) expect(problemAt(path(value))).toBeUndefined();
    expect(problemAt({ match: [{ hosts: ['http://example.com'] }] })).toBe('/match/0/hosts/0');
    expect(problemAt({ match: [{ methods: ['GET POST'] }] })).toBe('/match/0/methods/0');
    expect(problemAt({ match: [{ headers: [{ name: 'x', type: 'exact' }] }] })).toBe('/match/0/headers/0/value');
    expect(problemAt({ target: { kind: 'function', plugin: 'p', version: 0 } })).toBe('/target/version');
    expect(problemAt({ target: { kind: 'teapot' } })).toBe('/target/kind');
    expect(problemAt({ priority: 1.5 })).toBe('/priority');
  });

  it('refuses fields it does not know', () => {
    expect(problemAt({ match: [{ host: ['a'] }] })).toBe('/match/0');
    expect(RouteSpec.safeParse({ ...smallest, path: '/' }).error?.issues[0]).toMatchObject({ code: 'unrecognized_keys', keys: ['path'] });
  });
});

describe('a template path', () => {
  const problem = (value: string) => problemAt({ match: [{ paths: [{ type: 'template', value }] }] });

  it('takes names, expressions and *', () => {
    const whole = '/users/:id/$page<[0-9]{1,3}>/*/$rest<a/b|c?d#e f>';
    expect(problem(whole)).toBeUndefined();
    expect(parseTemplate(whole)).toEqual([
      { type: 'literal', text: 'users' },
      { type: 'name', name: 'id' },
      { type: 'regex', name: 'page', source: '[0-9]{1,3}' },
      { type: 'any' },
      { type: 'regex', name: 'rest', source: 'a/b|c?d#e f' },
    ]);
    expect(problem('/%24price/(x)')).toBeUndefined();
    expect(parseTemplate('/$t<(?P<y>[0-9]+)>/z')).toEqual([
      { type: 'regex', name: 't', source: '(?P<y>[0-9]+)' },
      { type: 'literal', text: 'z' },
    ]);
  });

  it.each([
    'users',
    '/:',
    '/:1st',
    '/:__proto__',
    '/:a/:a',
    '/:a/$a<x>',
    '/$a',
    '/$<x>',
    '/$a<>',
    '/$a<x',
    '/$a<x>y',
    '/a?b/:c',
    '/../:a',
    '/$a<x>/..',
    '/%zz/:a',
  ])('refuses %s', (value) => {
    expect(problem(value)).toBe('/match/0/paths/0/value');
  });
});

describe('a target', () => {
  const problem = (target: object) => problemAt({ target });

  it('redirects to a URL or a path, with a status that redirects', () => {
    for (const url of ['https://example.com/a?b#c', 'http://x', '/', '/new/place?x=%20']) expect(problem({ kind: 'redirect', url })).toBeUndefined();
    for (const url of ['', 'x', '//evil.example', 'javascript:alert(1)', 'https://a b', '/a\r\nset-cookie: x', '/é']) {
      expect(problem({ kind: 'redirect', url })).toBe('/target/url');
    }
    expect(problem({ kind: 'redirect', url: '/', status: 304 })).toBe('/target/status');
  });

  it('answers a text with headers that can be sent', () => {
    expect(problem({ kind: 'static', status: 503, headers: { 'Retry-After': '60' }, body: 'é' })).toBeUndefined();
    expect(problem({ kind: 'static', status: 204, body: 'x' })).toBe('/target/body');
    expect(problem({ kind: 'static', headers: { 'a b': 'x' } })).toBe('/target/headers/a b');
    expect(problem({ kind: 'static', headers: { a: 'x\r\ny: z' } })).toBe('/target/headers/a');
    expect(problem({ kind: 'static', headers: { 'Content-Length': '5' } })).toBe('/target/headers/Content-Length');
    expect(problem({ kind: 'static', status: 101 })).toBe('/target/status');
    expect(problem({ kind: 'static', body: 'x'.repeat(300_000) })).toBe('/target/body');
  });
});

describe('HostPattern', () => {
  it('takes a host or one with a single * label', () => {
    for (const host of ['localhost', 'a.b.c', '*.example.com', 'a.*.b', 'xn--bcher-kva.example', '10.0.0.1', 'my_host']) {
      expect(HostPattern.safeParse(host).success).toBe(true);
    }
  });

  it('refuses schemes, ports, paths, and a * that is not a whole label', () => {
    for (const host of ['', '*', 'https://a.b', 'a.b:80', 'a.b/c', 'a*.b', '*.*.b', '-a.b', 'a..b', '.a', 'a b', 'x'.repeat(254)]) {
      expect(HostPattern.safeParse(host).success).toBe(false);
    }
  });
});
