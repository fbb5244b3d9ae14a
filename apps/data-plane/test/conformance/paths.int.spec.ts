import { describe, expect, it } from '@jest/globals';
import { anUpstreamRoute } from '../an-upstream-route.js';
import { useGateway } from './cases.js';

const guarded = (path: string) =>
  anUpstreamRoute(path, ['http://127.0.0.1:1'], {}, { target: { kind: 'static', status: 403, headers: {}, body: 'guarded' } });

/**
 * The path that decides about the route is the path that the upstream gets, byte for byte; one that means different things to different
 * readers is refused (RFC 3986 sections 5.2.4 and 6.2.2).
 */
describe('a path', () => {
  const gateway = useGateway({
    routes: (url) => [guarded('/admin'), anUpstreamRoute('/strip', [url]), anUpstreamRoute('/rewrite', [url], { rewritePath: `/to/\${rest}` })],
  });

  const ask = async (path: string) => {
    const { statuses, reached } = await gateway.exchange(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    return [statuses[0], ...reached.map(({ target }) => target)];
  };

  it.each([
    '/',
    '//',
    '//x',
    '/a//b',
    '/a/',
    '/a%2fb',
    '/a%2Fb',
    '/%41',
    '/a%20b',
    '/a%00',
    '/a%0d%0aX:1',
    '/a%3fb',
    '/a%23b',
    '/a;b=c',
    '/a:b@c',
    '/...',
    '/a/.../b',
    '/.a/a.',
    '/a%5Cb',
    '/a?/../..',
    '/a?x=%2e%2e/%00',
    '/a|b^c`{d}"<>',
    '//admin',
    '/a%2fadmin',
    '/ADMIN',
    '/administrator',
    '/admin%00',
    '/admin;x',
    '/%2561dmin',
  ])('%s reaches the upstream as it is', async (path) => {
    expect(await ask(path)).toEqual([200, path]);
  });

  it.each(['/admin', '/admin/', '/admin/x', '/admin//', '/%61dmin', '/%61%64%6D%69%6e/x', '/admin?x', 'http://y/admin', 'http://y/%61dmin'])(
    '%s is that of a guarded route',
    async (path) => {
      expect(await ask(path)).toEqual([403]);
    },
  );

  it.each([
    '/.',
    '/..',
    '/./admin',
    '/a/../admin',
    '/../admin',
    '/a/..',
    '/a/./b',
    '/%2e/admin',
    '/%2e%2e/admin',
    '/a/.%2e/admin',
    '/a/%2E./admin',
    '/a%2f..%2fadmin',
    '/a/..%2fadmin',
    '/a%5c..%5cadmin',
    '/a\\..\\admin',
    '/a\\admin',
    '\\admin',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%u0061',
    '/a%ff',
    '/a%c0%ae%c0%ae/admin',
    '/a%c0%af',
    '/a#b',
    '/admin#',
    'http://y/a/../admin',
    `/${'a/'.repeat(300)}`,
  ])('%s is refused', async (path) => {
    expect(await ask(path)).toEqual([400]);
  });

  it.each([
    ['/strip', '/'],
    ['/strip/', '/'],
    ['/strip/a%2fb', '/a%2fb'],
    ['/strip//a', '//a'],
    ['/%73trip/a', '/a'],
    ['/strip?q', '/?q'],
    ['/strip/a?b?c', '/a?b?c'],
    ['/rewrite/a%2Fb/?q=1', '/to/a%2Fb/?q=1'],
    ['/rewrite//a', '/to//a'],
  ])('%s goes on as %s', async (path, sent) => {
    expect(await ask(path)).toEqual([200, sent]);
  });
});
