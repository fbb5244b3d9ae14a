import { describe, expect, it } from '@jest/globals';
import { AppError, type PathMatch } from '@torii/contracts';
import { parseRequestTarget } from './request-target.js';
import { RouteTable } from './route-table.js';

interface TestRoute {
  name: string;
  match: { hosts: string[]; paths: PathMatch[]; methods: string[] }[];
}

function route(name: string, part: Partial<TestRoute['match'][0]>): TestRoute {
  return { name, match: [{ hosts: [], paths: [], methods: [], ...part }] };
}
const prefix = (value: string): PathMatch => ({ type: 'prefix', value });
const exact = (value: string): PathMatch => ({ type: 'exact', value });
const template = (value: string): PathMatch => ({ type: 'template', value });

function find(routes: TestRoute[], url: string, host = 'h', method = 'GET'): string {
  return new RouteTable(routes).match(parseRequestTarget(url, host), method).route.name;
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
    const match = table.match(parseRequestTarget('/users/4%202/any/x', 'h'), 'GET');
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
});
