import { describe, expect, it } from '@jest/globals';
import { type PathMatch, parseTemplate, type SnapshotMatch, type ValueMatch } from '@torii/contracts';
import { casesOf } from '@torii/test-kit';
import fc from 'fast-check';
import { parseRequestTarget, segmentsOf } from './request-target.js';
import { RouteTable } from './route-table.js';

// A naive matcher to hold the trees against: try every path of every match of every route, rank what fits, take the best.

interface TestRoute {
  id: string;
  name: string;
  match: SnapshotMatch[];
  priority: number | undefined;
}

const segment = fc.constantFrom('a', 'b', 'c');
const hosts = ['x.test', 'y.x.test', '*.x.test', '*.test', 'y.*.test', '*.z.test', 'y.x.*'];
const expressions = ['[ab]', '[a-z]+', 'b|c'];

const path: fc.Arbitrary<PathMatch> = fc.oneof(
  fc.array(segment, { maxLength: 3 }).map((parts): PathMatch => ({ type: 'prefix', value: `/${parts.join('/')}` })),
  fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts): PathMatch => ({ type: 'exact', value: `/${parts.join('/')}` })),
  fc
    .array(fc.oneof(segment, fc.constantFrom(':', '*', ...expressions.map((source) => `<${source}>`))), { minLength: 1, maxLength: 3 })
    .map((parts): PathMatch => {
      const named = parts.map((part, index) => {
        if (part === ':') return `:p${index}`;
        return part.startsWith('<') ? `$p${index}${part}` : part;
      });
      return { type: 'template', value: `/${named.join('/')}` };
    }),
);

const condition: fc.Arbitrary<ValueMatch> = fc.oneof(
  fc.record({ name: fc.constantFrom('k', 'l'), type: fc.constant('exact' as const), value: fc.constantFrom('1', '2') }),
  fc.record({ name: fc.constantFrom('k', 'l'), type: fc.constant('regex' as const), value: fc.constantFrom('[12]', '1|3') }),
  fc.record({ name: fc.constantFrom('k', 'l'), type: fc.constant('wildcard' as const), value: fc.constantFrom('*', '1*', '*2') }),
  fc.record({ name: fc.constantFrom('k', 'l'), type: fc.constantFrom('exists' as const, 'absent' as const) }),
);

const route = fc.record({
  hosts: fc.uniqueArray(fc.constantFrom(...hosts), { maxLength: 2 }),
  paths: fc.array(path, { minLength: 1, maxLength: 2 }),
  methods: fc.uniqueArray(fc.constantFrom('GET', 'POST'), { maxLength: 1 }),
  headers: fc.array(condition, { maxLength: 1 }),
  query: fc.array(condition, { maxLength: 1 }),
});
const routes: fc.Arbitrary<TestRoute[]> = fc
  .array(fc.record({ match: fc.array(route, { minLength: 1, maxLength: 2 }), priority: fc.constantFrom(undefined, undefined, 0, 1, -1) }), {
    maxLength: 8,
  })
  .map((all) => all.map(({ match, priority }, index) => ({ id: `rt_${index}`, name: `r${index}`, match, priority })));

const values = fc.dictionary(fc.constantFrom('k', 'l'), fc.uniqueArray(fc.constantFrom('1', '2', '3', '12'), { minLength: 1, maxLength: 2 }), {
  maxKeys: 2,
});
const request = fc.record({
  host: fc.constantFrom('x.test', 'y.x.test', 'z.test', 'y.z.test', 'y.x.other', 'other'),
  path: fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 4 }).map((parts) => `/${parts.join('/')}`),
  method: fc.constantFrom('GET', 'POST'),
  headers: values,
  query: values,
});
type TestRequest = typeof request extends fc.Arbitrary<infer Value> ? Value : never;

/** Greater is more specific, compared from left to right; segments by kind, and expressions by their text. */
function rankOfPath(pattern: PathMatch, segments: readonly string[]): (number | string)[] | undefined {
  const isPrefix = pattern.type === 'prefix';
  const parts =
    pattern.type === 'template'
      ? parseTemplate(pattern.value)
      : (isPrefix && pattern.value === '/' ? [] : segmentsOf(pattern.value)).map((text) => ({ type: 'literal' as const, text }));
  if (isPrefix ? parts.length > segments.length : parts.length !== segments.length) return undefined;
  const ranks: (number | string)[] = [];
  for (const [index, part] of parts.entries()) {
    const text = segments[index] ?? '';
    if (part.type === 'literal' && part.text !== text) return undefined;
    if (part.type === 'regex' && !new RegExp(`^(?:${part.source})$`).test(text)) return undefined;
    ranks.push({ any: 1, name: 2, regex: 3, literal: 4 }[part.type]);
    ranks.push(part.type === 'regex' ? expressionRank(part.source) : 0);
  }
  return [...ranks, isPrefix ? 0 : 0.5];
}

/** The expression that sorts first ranks highest. */
function expressionRank(source: string): number {
  return expressions.length - [...expressions].sort().indexOf(source);
}

function rankOfHost(pattern: string, host: string): number[] | undefined {
  if (pattern === host) return [3, 0];
  if (pattern.startsWith('*.')) return host.endsWith(pattern.slice(1)) ? [1, pattern.length] : undefined;
  if (!pattern.includes('*')) return undefined;
  const [labels, wanted] = [host.split('.'), pattern.split('.')];
  const fits = labels.length === wanted.length && wanted.every((label, index) => label === '*' || label === labels[index]);
  return fits ? [2, -wanted.indexOf('*')] : undefined;
}

function holds(match: ValueMatch, given: readonly string[]): boolean {
  if (match.type === 'absent') return given.length === 0;
  if (match.type === 'exists') return given.length > 0;
  if (match.type === 'exact') return given.includes(match.value);
  const source = match.type === 'regex' ? match.value : match.value.replaceAll('*', '.*');
  return given.some((value) => new RegExp(`^(?:${source})$`).test(value));
}

function naive(table: readonly TestRoute[], { host, path: target, method, headers, query }: TestRequest): string | undefined {
  const segments = segmentsOf(target);
  const found = table.flatMap(({ name, priority = 0, match }) =>
    match.flatMap((one) => {
      const conditions = [
        ...(one.headers ?? []).map((c) => holds(c, headers[c.name] ?? [])),
        ...(one.query ?? []).map((c) => holds(c, query[c.name] ?? [])),
      ];
      if (conditions.includes(false) || (one.methods.length > 0 && !one.methods.includes(method))) return [];
      const hostRanks =
        one.hosts.length === 0 ? [[0, 0]] : one.hosts.flatMap((pattern) => [rankOfHost(pattern, host)].filter((rank) => rank !== undefined));
      return one.paths.flatMap((pattern) => {
        const pathRank = rankOfPath(pattern, segments);
        if (pathRank === undefined) return [];
        // A longer prefix is a longer list, and so greater than its beginning; the end of a list is the lowest rank.
        return hostRanks.map((hostRank) => ({ name, key: [priority, ...hostRank, ...pathRank], tie: [conditions.length, one.methods.length] }));
      });
    }),
  );
  found.sort((a, b) => compare(b.key, a.key) || compare(b.tie, a.tie) || (a.name < b.name ? -1 : 1));
  return found[0]?.name;
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const difference = Number(a[index] ?? -1) - Number(b[index] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function found(
  table: RouteTable<TestRoute>,
  { host, path: target, method, headers, query }: TestRequest,
  refused?: ReadonlySet<TestRoute>,
): string | undefined {
  const search = Object.entries(query).flatMap(([name, all]) => all.map((value) => `${name}=${value}`));
  try {
    return table.match(parseRequestTarget(`${target}?${search.join('&')}`, host), { method, headers: {}, headersDistinct: headers }, refused).route
      .name;
  } catch {
    return undefined;
  }
}

describe('RouteTable', () => {
  it('finds the route a naive matcher finds, for any table and request', () => {
    fc.assert(
      fc.property(routes, fc.array(request, { minLength: 1, maxLength: 8 }), (table, requests) => {
        const built = new RouteTable(table);
        for (const one of requests) expect(found(built, one)).toBe(naive(table, one));
      }),
      { numRuns: casesOf(1_500) },
    );
  });

  it('finds, when routes have refused a request, what it would find without them', () => {
    fc.assert(
      fc.property(routes, request, fc.infiniteStream(fc.boolean()), (table, one, isRefused) => {
        const refused = new Set(table.filter(() => isRefused.next().value));
        const others = table.filter((route) => !refused.has(route));
        expect(found(new RouteTable(table), one, refused)).toBe(naive(others, one));
      }),
      { numRuns: casesOf(500) },
    );
  });

  it('finds the same whatever order the routes came in', () => {
    fc.assert(
      fc.property(routes, request, fc.infiniteStream(fc.nat()), (table, one, order) => {
        const shuffled = table.map((value) => ({ value, at: order.next().value })).sort((a, b) => a.at - b.at);
        expect(found(new RouteTable(shuffled.map(({ value }) => value)), one)).toBe(found(new RouteTable(table), one));
      }),
      { numRuns: casesOf(500) },
    );
  });

  it('finds after any changes what a table built anew finds, and before them what it found', () => {
    const changes = fc.array(fc.tuple(routes, fc.infiniteStream(fc.boolean())), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(routes, changes, fc.array(request, { minLength: 1, maxLength: 4 }), (first, following, requests) => {
        let held = first;
        const made = [{ held, table: new RouteTable(first) }];
        for (const [index, [added, isRemoved]] of following.entries()) {
          const base = made.at(-1)?.table ?? new RouteTable(first);
          const removed = held.filter(() => isRemoved.next().value);
          const named = added.map((one) => ({ ...one, id: `${one.id}-${index}`, name: `${one.name}-${index}` }));
          held = [...held.filter((one) => !removed.includes(one)), ...named];
          made.push({ held, table: new RouteTable(named, { base, removed }) });
        }
        for (const one of requests) {
          for (const { held: routesThen, table } of made) expect(found(table, one)).toBe(found(new RouteTable(routesThen), one));
        }
      }),
      { numRuns: casesOf(700) },
    );
  });

  it('is in memory after a change what it is when it is built anew', () => {
    fc.assert(
      fc.property(routes, fc.infiniteStream(fc.boolean()), fc.infiniteStream(fc.boolean()), (table, isRemoved, isLate) => {
        const late = table.filter(() => isLate.next().value);
        const early = table.filter((one) => !late.includes(one));
        const removed = early.filter(() => isRemoved.next().value);
        const changed = new RouteTable(late, { base: new RouteTable(early), removed });
        const anew = new RouteTable(Array.from(changed.routes.values()));
        expect(changed).toEqual(expect.objectContaining({ ...anew, parts: expect.anything() }));
      }),
      { numRuns: 200 },
    );
  });

  it('keeps nothing of routes that are gone', () => {
    fc.assert(
      fc.property(routes, (table) => {
        const emptied = new RouteTable<TestRoute>([], { base: new RouteTable(table), removed: table });
        expect(emptied).toEqual(expect.objectContaining({ ...new RouteTable<TestRoute>([]), parts: expect.anything() }));
      }),
      { numRuns: 200 },
    );
  });
});

/** Which of the three parts of a match fit, as the naive matcher has it. */
function fitsOf(one: SnapshotMatch, { host, path: target, method, headers, query }: TestRequest) {
  const segments = segmentsOf(target);
  return {
    host: one.hosts.length === 0 || one.hosts.some((pattern) => rankOfHost(pattern, host) !== undefined),
    path: one.paths.some((pattern) => rankOfPath(pattern, segments) !== undefined),
    condition: ![
      ...(one.headers ?? []).map((c) => holds(c, headers[c.name] ?? [])),
      ...(one.query ?? []).map((c) => holds(c, query[c.name] ?? [])),
    ].includes(false),
    method: one.methods.length === 0 || one.methods.includes(method),
  };
}

/** Whether it is true that a route lost for this reason. */
function isTrue(reason: string, lost: TestRoute, winner: TestRoute | undefined, one: TestRequest): boolean {
  const all = lost.match.map((match) => fitsOf(match, one));
  const fits = all.some(({ host, path: isPath, condition: isCondition, method }) => host && isPath && isCondition && method);
  switch (reason) {
    case 'host':
      return all.every(({ host }) => !host);
    case 'path':
      return !fits && all.some(({ host }) => host) && all.every(({ host, path: isPath }) => !(host && isPath));
    case 'condition':
      return !fits && all.every(({ host, path: isPath, condition: isCondition }) => !(host && isPath && isCondition));
    case 'method':
      return !fits && all.some(({ host, path: isPath, condition: isCondition, method }) => host && isPath && isCondition && !method);
    default:
      // Both fit, and between the two of them the winner wins; without its advantage it would not, or only by its name.
      if (!fits || winner === undefined || naive([lost, winner], one) !== winner.name) return false;
      if (reason === 'priority') return (winner.priority ?? 0) > (lost.priority ?? 0);
      if (reason === 'name')
        return (
          naive(
            [
              { ...lost, name: 'a' },
              { ...winner, name: 'b' },
            ],
            one,
          ) === 'a'
        );
      return (winner.priority ?? 0) === (lost.priority ?? 0);
  }
}

describe('the explanation of a table', () => {
  it('names the route that the table finds, and says of every other a reason that is true', async () => {
    await fc.assert(
      fc.asyncProperty(routes, request, async (table, one) => {
        const built = new RouteTable(table);
        const winner = table.find(({ name }) => name === found(built, one));
        const search = Object.entries(one.query).flatMap(([name, all]) => all.map((value) => `${name}=${value}`));
        const target = parseRequestTarget(`${one.path}?${search.join('&')}`, one.host);
        const head = { method: one.method, headers: {}, headersDistinct: one.headers };
        const explained = await built.explain({ target, head, chosen: winner, refused: new Set() }, table.length);
        expect(explained.total).toBe(table.length);
        expect(explained.routes.filter(({ lostBy }) => lostBy === undefined).map(({ name }) => name)).toEqual(
          winner === undefined ? [] : [winner.name],
        );
        for (const { name, lostBy } of explained.routes) {
          const route = table.find((other) => other.name === name);
          if (route === undefined || lostBy === undefined) continue;
          expect([name, lostBy, isTrue(lostBy, route, winner, one)]).toEqual([name, lostBy, true]);
        }
      }),
      { numRuns: casesOf(1_500) },
    );
  });

  it('names those that came closest when it cannot name all, and counts the others', async () => {
    await fc.assert(
      fc.asyncProperty(routes, request, async (table, one) => {
        const built = new RouteTable(table);
        const target = parseRequestTarget(one.path, one.host);
        const asked = {
          target,
          head: { method: one.method, headers: {}, headersDistinct: one.headers },
          chosen: undefined,
          refused: new Set<TestRoute>(),
        };
        const [few, all] = [await built.explain(asked, 2), await built.explain(asked, table.length)];
        expect(few.routes).toEqual(all.routes.slice(0, 2));
        expect(few.lost).toEqual(all.lost);
        expect(Object.values(few.lost).reduce((sum, count) => sum + count, 0)).toBe(table.length);
      }),
      { numRuns: 100 },
    );
  });
});
