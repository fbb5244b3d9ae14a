import { describe, expect, it } from '@jest/globals';
import { RouteSpec } from '@torii/contracts';
import { matchKeys } from './match-keys.js';

function share(a: object, b: object, priorities: [number, number] = [0, 0]): boolean {
  const [first, second] = [a, b].map((match, index) =>
    matchKeys(RouteSpec.parse({ name: 'r', match: [match], priority: priorities[index], target: { kind: 'function', plugin: 'p' } })),
  );
  return first?.some((key) => second?.includes(key)) ?? false;
}

const path = (type: string, value: string) => ({ paths: [{ type, value }] });

describe('matchKeys', () => {
  it('are shared by routes that only their names tell apart', () => {
    expect(share({}, path('prefix', '/'))).toBe(true);
    expect(share(path('prefix', '/a'), path('prefix', '/a/'))).toBe(true);
    expect(share(path('exact', '/a%62'), path('template', '/ab'))).toBe(true);
    expect(share(path('template', '/users/:id'), path('template', '/users/:name'))).toBe(true);
    expect(share({ hosts: ['A.example', 'b.example'] }, { hosts: ['b.example'] })).toBe(true);
    expect(share({ methods: ['GET', 'POST'] }, { methods: ['POST'] })).toBe(true);
    const conditions = [
      { name: 'x', type: 'exists' },
      { name: 'y', type: 'absent' },
    ];
    expect(share({ headers: conditions }, { headers: [...conditions].reverse() })).toBe(true);
  });

  it('are not shared by routes that anything else tells apart', () => {
    expect(share(path('prefix', '/a'), path('exact', '/a'))).toBe(false);
    expect(share(path('template', '/:a'), path('template', '/*'))).toBe(false);
    expect(share(path('template', '/$a<x>'), path('template', '/$a<y>'))).toBe(false);
    expect(share({ hosts: ['a.example'] }, { hosts: ['*.example'] })).toBe(false);
    expect(share({ methods: ['GET'] }, {})).toBe(false);
    expect(share({ query: [{ name: 'x', type: 'exists' }] }, {})).toBe(false);
    expect(share({}, {}, [0, 1])).toBe(false);
  });

  it('are bounded, however many places a route takes', () => {
    const many = {
      hosts: Array.from({ length: 200 }, (_, index) => `h${index}.example`),
      paths: Array.from({ length: 200 }, (_, index) => ({ type: 'exact', value: `/${index}` })),
    };
    expect(matchKeys(RouteSpec.parse({ name: 'r', match: [many], target: { kind: 'function', plugin: 'p' } }))).toHaveLength(1_000);
  });
});
