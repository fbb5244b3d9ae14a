import { type FieldIssue, parseTemplate, type RouteSpec } from '@torii/contracts';
import { RE2JS } from 're2js';

/** Instructions that an expression may compile to: what nodes do for each character of a request grows with them. */
const programMax = 10_000;

/** Every expression of a route that nodes could not use, with its place. They use RE2's syntax, which has no look-around and no back-references. */
export function expressionIssues({ match, plugins }: Pick<RouteSpec, 'match' | 'plugins'>): FieldIssue[] {
  return [...matchIssues(match), ...slotIssues(plugins)];
}

/** Those of slots, which stand in `plugins`. */
export function slotIssues(plugins: RouteSpec['plugins']): FieldIssue[] {
  return plugins.flatMap((slot, index) =>
    (['include', 'exclude'] as const).flatMap((part) => slot[part].flatMap((source, at) => issueOf(source, `/plugins/${index}/${part}/${at}`))),
  );
}

function matchIssues(match: RouteSpec['match']): FieldIssue[] {
  return match.flatMap((one, index) => [
    ...one.paths.flatMap((path, at) => {
      if (path.type !== 'template') return [];
      const pointer = `/match/${index}/paths/${at}/value`;
      return parseTemplate(path.value).flatMap((segment) => (segment.type === 'regex' ? issueOf(segment.source, pointer) : []));
    }),
    ...(['headers', 'query', 'cookies'] as const).flatMap((part) =>
      one[part].flatMap((value, at) => (value.type === 'regex' ? issueOf(value.value, `/match/${index}/${part}/${at}/value`) : [])),
    ),
  ]);
}

function issueOf(source: string, pointer: string): FieldIssue[] {
  try {
    const size = RE2JS.compile(source).programSize();
    return size > programMax ? [{ pointer, detail: `the expression is too large: ${size} instructions, and at most ${programMax} are taken` }] : [];
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).replace(/^error parsing regexp: /, '');
    return [{ pointer, detail: `is no expression that nodes know (RE2 syntax: no look-around, no back-references): ${reason}` }];
  }
}
