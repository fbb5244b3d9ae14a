import { describe, expect, it } from '@jest/globals';
import { RouteSpec } from '@torii/contracts';
import { looseUpstreamIssues, upstreamIssues } from './upstream-issues.js';

const template = (value: string) => ({ paths: [{ type: 'template', value }] });
const issuesOf = (match: object[], part: object) =>
  upstreamIssues(RouteSpec.parse({ name: 'a', match, target: { kind: 'upstream', targets: [{ url: 'http://a.example' }], ...part } }));

describe('upstreamIssues', () => {
  it('finds nothing in a path that is made of what the route has', () => {
    const match = [template('/shops/:shop/$id<[0-9]+>'), template('/s/:shop/:id')];
    expect(issuesOf(match, { rewritePath: `/v2/\${shop}/items/\${id}/\${rest}` })).toEqual([]);
    expect(issuesOf([{}], { rewritePath: `/v2/\${rest}` })).toEqual([]);
    expect(issuesOf([{}], {})).toEqual([]);
  });

  it('looks at the upstream that a function may leave requests to as well, and points to it there', () => {
    const upstream = { kind: 'upstream', targets: [{ url: 'http://a.example' }], rewritePath: `/\${id}` };
    const spec = RouteSpec.parse({ name: 'a', match: [{}], target: { kind: 'function', plugin: 'p', upstream } });
    expect(upstreamIssues(spec)).toMatchObject([{ pointer: '/target/upstream/rewritePath' }]);
  });

  it.each([
    ['that no path has', [template('/a/:id')], `/\${ide}`, 'ide'],
    ['that one of the paths lacks', [template('/a/:id'), template('/b/:name')], `/\${id}`, 'id'],
    ['of a route without templates', [{ paths: [{ type: 'prefix', value: '/a' }] }], `/\${id}`, 'id'],
    ['of a route for every path', [{}], `/\${id}`, 'id'],
    ['without a name', [template('/a/:id')], `/\${}`, `\${}`],
    ['that does not end', [template('/a/:id')], `/\${id`, 'not closed'],
  ])('refuses a parameter %s', (_, match, rewritePath, detail) => {
    expect(issuesOf(match, { rewritePath })).toEqual([{ pointer: '/target/rewritePath', detail: expect.stringContaining(detail) }]);
  });

  it.each([
    ['no PEM', 'hello'],
    ['a certificate that cannot be read', '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----'],
  ])('refuses authorities that hold %s', (_, caPem) => {
    expect(issuesOf([{}], { tls: { caPem } })).toEqual([{ pointer: '/target/tls/caPem', detail: expect.any(String) }]);
  });
});

describe('looseUpstreamIssues', () => {
  it('finds the same in a target of which other fields are wrong', () => {
    const target = { kind: 'upstream', targets: 7, rewritePath: `/\${id}`, tls: { caPem: 'hello', verify: 1 } };
    const { match } = RouteSpec.parse({ name: 'a', match: [{}], target: { kind: 'function', plugin: 'p' } });
    expect(looseUpstreamIssues(match, target).map(({ pointer }) => pointer)).toEqual(['/target/rewritePath', '/target/tls/caPem']);
    expect(looseUpstreamIssues(undefined, { kind: 'function', upstream: target }).map(({ pointer }) => pointer)).toEqual([
      '/target/upstream/tls/caPem',
    ]);
  });

  it('does not look at texts of which the shape is wrong, however long they are', () => {
    const target = { kind: 'upstream', rewritePath: `/${`\${id}`.repeat(1_000)}`, tls: { caPem: 'a'.repeat(300_000) } };
    const { match } = RouteSpec.parse({ name: 'a', match: [{}], target: { kind: 'function', plugin: 'p' } });
    expect(looseUpstreamIssues(match, target)).toEqual([]);
  });

  it.each([undefined, null, 7, 'a', [], {}, { kind: 'static' }, { kind: 'upstream', rewritePath: 7, tls: 'x' }, { kind: 'function', upstream: [] }])(
    'finds nothing in what has none of it: %j',
    (target) => {
      expect(looseUpstreamIssues([], target)).toEqual([]);
    },
  );
});
