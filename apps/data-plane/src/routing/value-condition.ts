import type { SnapshotMatch, ValueMatch } from '@torii/contracts';
import type { Expressions } from './expressions.js';
import type { RequestFacts } from './request-facts.js';

/** Whether a request is as a route wants it. */
export type Condition = (facts: RequestFacts) => boolean;
type Test = (value: string) => boolean;

/** The conditions of a match, expressions compiled. Throws on an expression that RE2 does not know. */
export function conditionsOf({ headers = [], query = [], cookies = [] }: SnapshotMatch, expressions: Expressions): readonly Condition[] {
  return [
    ...headers.map((match) => {
      const name = match.name.toLowerCase();
      return conditionOf(testOf(match, expressions), (facts) => facts.header(name));
    }),
    ...query.map((match) => conditionOf(testOf(match, expressions), (facts) => facts.query(match.name))),
    ...cookies.map((match) => conditionOf(testOf(match, expressions), (facts) => facts.cookie(match.name))),
  ];
}

/** Without a test: that there is none. */
function conditionOf(test: Test | undefined, read: (facts: RequestFacts) => readonly string[]): Condition {
  if (test === undefined) return (facts) => read(facts).length === 0;
  return (facts) => {
    for (const value of read(facts)) if (test(value)) return true;
    return false;
  };
}

function testOf(match: ValueMatch, expressions: Expressions): Test | undefined {
  if (match.type === 'absent') return undefined;
  if (match.type === 'exists') return () => true;
  const { value: wanted } = match;
  if (match.type === 'exact') return (value) => value === wanted;
  if (match.type === 'wildcard') {
    const parts = wanted.split('*');
    return (value) => matchesWildcard(value, parts);
  }
  const expression = expressions.compile(wanted);
  return (value) => expression.testExact(value);
}

/**
 * Whether `value` is the parts in order with anything between them. Each part is looked for once, at the first place
 * where it can stand: no later one could help what follows.
 */
function matchesWildcard(value: string, parts: readonly string[]): boolean {
  const first = parts[0] ?? '';
  const last = parts[parts.length - 1] ?? '';
  if (parts.length === 1) return value === first;
  if (value.length < first.length + last.length || !value.startsWith(first) || !value.endsWith(last)) return false;
  const end = value.length - last.length;
  let at = first.length;
  for (let index = 1; index < parts.length - 1; index += 1) {
    const part = parts[index] ?? '';
    const found = value.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
