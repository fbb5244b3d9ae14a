import { describe, expect, it } from '@jest/globals';
import { aFileRoute, onlyRoute } from '../../test/support/otoroshi-file.js';

const frontendOf = (frontend: object) => onlyRoute(aFileRoute({ frontend }));

describe('the domains of a frontend', () => {
  it.each([
    ['host.example', 'prefix', '/'],
    ['host.example/', 'prefix', '/'],
    ['host.example/api/', 'prefix', '/api'],
    ['host.example/api/orders', 'prefix', '/api/orders'],
    ['host.example/api/*', 'prefix', '/api'],
    ['host.example/users/:id', 'template', '/users/:id'],
    ['host.example/users/$id<[0-9]+>', 'template', '/users/$id<[0-9]+>'],
    ['host.example/files/v*/x', 'template', '/files/$segment2<v.*>/x'],
  ])('become a host and a path: %s', (domain, type, value) => {
    const { match } = frontendOf({ domains: [domain] });
    expect(match).toMatchObject([{ hosts: ['host.example'], paths: [{ type, value }] }]);
  });

  it('match exactly where the frontend is exact', () => {
    const { match, items } = frontendOf({ domains: ['a.example/api', 'b.example/users/:id/*'], exact: true });
    expect(match.map(({ paths }) => paths)).toEqual([[{ type: 'exact', value: '/api' }], [{ type: 'template', value: '/users/:id/*' }]]);
    expect(items).toEqual([]);
  });

  it('share a match where they have the same path', () => {
    const { match } = frontendOf({ domains: ['a.example/x', 'b.example/y', '*.c.example/x', 'a.example/x'] });
    expect(match).toMatchObject([{ hosts: ['a.example', '*.c.example'] }, { hosts: ['b.example'] }]);
  });

  it('may be one, and every host, and have a port that does not count', () => {
    expect(frontendOf({ domain: 'a.example' }).match).toMatchObject([{ hosts: ['a.example'] }]);
    expect(frontendOf({ domains: ['*/x'] }).match).toMatchObject([{ hosts: [], paths: [{ value: '/x' }] }]);
    const { match, items } = frontendOf({ domains: ['geolocation.oto.tools:8080'] });
    expect(match).toMatchObject([{ hosts: ['geolocation.oto.tools'] }]);
    expect(items).toMatchObject([{ severity: 'changed', pointer: '/frontend/domains/0' }]);
  });

  it('are reported where they match other requests than they did', () => {
    const { items } = frontendOf({ domains: ['a.example/users/:id', 'a.*.example', 'a.example/x/*'] });
    expect(items.map(({ severity, pointer }) => [severity, pointer])).toEqual([
      ['changed', '/frontend/domains/0'],
      ['changed', '/frontend/domains/1'],
      ['changed', '/frontend/domains/2'],
    ]);
  });

  it('are lost one by one where no host can be like that', () => {
    const { match, items } = frontendOf({ domains: ['a.example', 'api-*.example', 7] });
    expect(match).toMatchObject([{ hosts: ['a.example'] }]);
    expect(items).toMatchObject([
      { severity: 'lost', pointer: '/frontend/domains/2' },
      { severity: 'lost', pointer: '/frontend/domains/1', what: 'the domain api-*.example' },
    ]);
  });

  it('leave a route that takes no request without a match, and say so', () => {
    expect(frontendOf({ domains: [] })).toMatchObject({ match: [], items: [{ severity: 'lost', pointer: '/frontend' }] });
  });
});

describe('the conditions of a frontend', () => {
  it('are read in each of their forms', () => {
    const { match, items, stripPath } = frontendOf({
      domains: ['a.example'],
      strip_path: false,
      methods: ['GET', 'post'],
      headers: { 'X-Tenant': 'acme', 'X-Any': 'Exists()', 'X-Some': 'IsDefined()', 'X-None': 'NotDefined()' },
      query: { page: 'Regex([0-9]+)' },
      cookies: { group: 'Wildcard(beta-*)' },
    });
    expect(stripPath).toBe(false);
    expect(items).toEqual([]);
    expect(match).toEqual([
      {
        hosts: ['a.example'],
        paths: [{ type: 'prefix', value: '/' }],
        methods: ['GET', 'post'],
        headers: [
          { name: 'X-Tenant', type: 'exact', value: 'acme' },
          { name: 'X-Any', type: 'exists' },
          { name: 'X-Some', type: 'exists' },
          { name: 'X-None', type: 'absent' },
        ],
        query: [{ name: 'page', type: 'regex', value: '[0-9]+' }],
        cookies: [{ name: 'group', type: 'wildcard', value: 'beta-*' }],
      },
    ]);
  });

  it('point back into the file, for whatever is found out about them later', () => {
    const { pointers } = frontendOf({ domains: ['a.example/x', 'a.example/y'], headers: { 'a/b': '1', c: '2' }, methods: ['GET'] });
    expect(pointers.original('/match/1/paths/0/value')).toBe('/frontend/domains/1');
    expect(pointers.original('/match/0/headers/0/value')).toBe('/frontend/headers/a~1b');
    expect(pointers.original('/match/1/methods/0')).toBe('/frontend/methods/0');
    expect(pointers.original('/match')).toBe('');
  });

  it('are lost, and said to be, where they are no texts or not known', () => {
    const { items } = frontendOf({ domains: ['a.example'], headers: { a: 1 }, methods: 'GET', ports: [80] });
    expect(items.map(({ severity, pointer }) => [severity, pointer])).toEqual([
      ['lost', '/frontend/methods'],
      ['lost', '/frontend/headers/a'],
      ['lost', '/frontend/ports'],
    ]);
  });
});
