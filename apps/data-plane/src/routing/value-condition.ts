import type { SnapshotMatch, ValueMatch } from '@torii/contracts';
import type { Expression, Expressions } from './expressions.js';
import type { RequestFacts } from './request-facts.js';

/** How a route wants one value of a request to be. */
export type Condition = { readonly of: 'header' | 'query' | 'cookie'; readonly name: string } & Wish;

type Wish =
  | { readonly type: 'exists' | 'absent' }
  | { readonly type: 'exact'; readonly value: string }
  /** What stands between the `*`. */
  | { readonly type: 'wildcard'; readonly parts: readonly string[] }
  | { readonly type: 'regex'; readonly expression: Expression };

/** The conditions of a match, expressions compiled. Throws on an expression that RE2 does not know. */
export function conditionsOf({ headers = [], query = [], cookies = [] }: SnapshotMatch, expressions: Expressions): readonly Condition[] {
  return [
    ...headers.map((match): Condition => ({ of: 'header', name: match.name.toLowerCase(), ...wishOf(match, expressions) })),
    ...query.map((match): Condition => ({ of: 'query', name: match.name, ...wishOf(match, expressions) })),
    ...cookies.map((match): Condition => ({ of: 'cookie', name: match.name, ...wishOf(match, expressions) })),
  ];
}

/** Whether a request is as the condition wants it. */
export function holds(condition: Condition, facts: RequestFacts): boolean {
  const values = facts[condition.of](condition.name);
  if (condition.type === 'absent') return values.length === 0;
  for (const value of values) if (fits(value, condition)) return true;
  return false;
}

function wishOf(match: ValueMatch, expressions: Expressions): Wish {
  switch (match.type) {
    case 'exists':
    case 'absent':
      return { type: match.type };
    case 'exact':
      return { type: 'exact', value: match.value };
    case 'wildcard':
      return { type: 'wildcard', parts: match.value.split('*') };
    case 'regex':
      return { type: 'regex', expression: expressions.compile(match.value) };
  }
}

function fits(value: string, wish: Exclude<Wish, { type: 'absent' }>): boolean {
  switch (wish.type) {
    case 'exact':
      return value === wish.value;
    case 'wildcard':
      return matchesWildcard(value, wish.parts);
    case 'regex':
      return wish.expression.testExact(value);
    default:
      return true;
  }
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
