import { describe, expect, it } from '@jest/globals';
import type { PathMatch } from '@torii/contracts';
import fc from 'fast-check';
import { parseRequestTarget, segmentsOf } from './request-target.js';
import { RouteTable } from './route-table.js';

// A naive matcher to hold the tree against: try every path of every route, rank what fits, take the best.

interface TestRoute {
  name: string;
  match: { hosts: string[]; paths: PathMatch[]; methods: string[] }[];
}

const segment = fc.constantFrom('a', 'b', 'c');
const hosts = ['x.test', 'y.x.test', '*.x.test', '*.test'];
const path: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.array(segment, { maxLength: 3 }).map((parts): PathMatch => ({ type: 'prefix', value: `/${parts.join('/')}` })),
  fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts): PathMatch => ({ type: 'exact', value: `/${parts.join('/')}` })),
  fc
    .array(fc.oneof(segment, fc.constantFrom(':p', '*')), { minLength: 1, maxLength: 3 })
    .map((parts): PathMatch => ({ type: 'template', value: `/${parts.join('/')}` })),
);
const routes: fc.Arbitrary<TestRoute[]> = fc
  .array(
    fc.record({
      hosts: fc.uniqueArray(fc.constantFrom(...hosts), { maxLength: 2 }),
      paths: fc.array(path, { minLength: 1, maxLength: 2 }),
      methods: fc.uniqueArray(fc.constantFrom('GET', 'POST'), { maxLength: 1 }),
    }),
    { maxLength: 8 },
  )
  .map((matches) => matches.map((match, index) => ({ name: `r${index}`, match: [match] })));
const url = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);

/** Greater is more specific, compared from left to right: host, then one rank per segment, then how the path ends. */
function rank(pattern: PathMatch, hostRank: number, segments: readonly string[]): number[] | undefined {
  const parts = pattern.type === 'prefix' && pattern.value === '/' ? [] : segmentsOf(pattern.value);
  if (pattern.type === 'prefix' ? parts.length > segments.length : parts.length !== segments.length) return undefined;
  const ranks = [hostRank];
  for (const [index, part] of parts.entries()) {
    const isTemplate = pattern.type === 'template';
    if (isTemplate && part === '*') ranks.push(1);
    else if (isTemplate && part.startsWith(':')) ranks.push(2);
    else if (part === segments[index]) ranks.push(3);
    else return undefined;
  }
  return [...ranks, pattern.type === 'prefix' ? 0 : 0.5];
}

function naive(table: readonly TestRoute[], host: string, target: string, method: string): string | undefined {
  const segments = segmentsOf(target);
  const found = table.flatMap((route) =>
    route.match.flatMap((match) => {
      if (match.methods.length > 0 && !match.methods.includes(method)) return [];
      const hostRanks = match.hosts.length === 0 ? [0] : match.hosts.flatMap((pattern) => hostRank(pattern, host));
      return match.paths.flatMap((pattern) =>
        hostRanks.flatMap((ofHost) => {
          const ranks = rank(pattern, ofHost, segments);
          return ranks === undefined ? [] : [{ ranks, methods: match.methods.length, name: route.name }];
        }),
      );
    }),
  );
  found.sort((a, b) => compare(b.ranks, a.ranks) || b.methods - a.methods || (a.name < b.name ? -1 : 1));
  return found[0]?.name;
}

function hostRank(pattern: string, host: string): number[] {
  if (pattern === host) return [1000];
  return pattern.startsWith('*.') && host.endsWith(pattern.slice(1)) ? [pattern.length] : [];
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = (a[index] ?? -1) - (b[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

describe('RouteTable', () => {
  it('finds the route a naive matcher finds, for any table and request', () => {
    fc.assert(
      fc.property(
        routes,
        fc.constantFrom('x.test', 'y.x.test', 'z.test', 'other'),
        url,
        fc.constantFrom('GET', 'POST'),
        (table, host, target, method) => {
          let name: string | undefined;
          try {
            name = new RouteTable(table).match(parseRequestTarget(target, host), method).route.name;
          } catch {
            name = undefined;
          }
          expect(name).toBe(naive(table, host, target, method));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
