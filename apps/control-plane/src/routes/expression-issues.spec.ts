import { describe, expect, it } from '@jest/globals';
import { RouteSpec } from '@torii/contracts';
import { expressionIssues } from './expression-issues.js';

function issuesOf(match: object) {
  return expressionIssues(RouteSpec.parse({ name: 'r', match: [{}, match], target: { kind: 'function', plugin: 'p' } }));
}

describe('expressionIssues', () => {
  it('finds nothing wrong with expressions that nodes can use', () => {
    const regex = { name: 'x', type: 'regex', value: '^[0-9]+(\\.[0-9]+)*$' };
    expect(issuesOf({ paths: [{ type: 'template', value: '/a/$id<[0-9]{1,8}>/*' }], headers: [regex], query: [regex], cookies: [regex] })).toEqual(
      [],
    );
  });

  it.each(['(?=a)b', '(a)\\1', '(', 'a{2000}'])('points to the expression %s, which no node could use', (value) => {
    const pointers = issuesOf({
      paths: [
        { type: 'exact', value: '/a' },
        { type: 'template', value: `/$x<${value}>` },
      ],
      headers: [{ name: 'x', type: 'regex', value }],
      cookies: [
        { name: 'y', type: 'exact', value },
        { name: 'x', type: 'regex', value },
      ],
    });
    expect(pointers.map(({ pointer }) => pointer)).toEqual(['/match/1/paths/1/value', '/match/1/headers/0/value', '/match/1/cookies/1/value']);
  });

  it('points to expressions of slots likewise', () => {
    const plugins = [{ plugin: 'p' }, { plugin: 'p', include: ['/a', '/(?=a)b'], exclude: ['('] }];
    const route = RouteSpec.parse({ name: 'r', match: [{}], plugins, target: { kind: 'function', plugin: 'p' } });
    expect(expressionIssues(route).map(({ pointer }) => pointer)).toEqual(['/plugins/1/include/1', '/plugins/1/exclude/0']);
  });

  it('refuses an expression that grows beyond what is good for a request', () => {
    expect(issuesOf({ query: [{ name: 'q', type: 'regex', value: `(${'(abc){0,200}'.repeat(30)})` }] })).toEqual([
      { pointer: '/match/1/query/0/value', detail: expect.stringMatching(/too large|no expression/) },
    ]);
  });
});
