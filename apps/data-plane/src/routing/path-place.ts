import { type PathMatch, parseTemplate } from '@torii/contracts';
import { segmentsOf } from './request-target.js';

/** How one segment is matched: by its text as it is, or otherwise. */
export type Step = string | NamedStep | ExpressionStep | StarStep;
interface NamedStep {
  readonly type: 'named';
}
interface ExpressionStep {
  readonly type: 'expression';
  readonly source: string;
}
interface StarStep {
  readonly type: 'star';
}

/** Where in a tree the path of a route stands. */
export interface PathPlace {
  readonly steps: readonly Step[];
  /** Whether the path may go on behind the last step. */
  readonly isPrefix: boolean;
  /** Names of the segments that have one, in path order. */
  readonly paramNames: readonly string[];
}

const noParams: readonly string[] = [];
const named: NamedStep = { type: 'named' };
const star: StarStep = { type: 'star' };

export function placeOf(path: PathMatch): PathPlace {
  if (path.type === 'prefix') return { steps: prefixSegments(path.value), isPrefix: true, paramNames: noParams };
  if (path.type === 'exact') return { steps: segmentsOf(path.value), isPrefix: false, paramNames: noParams };
  const paramNames: string[] = [];
  const steps = parseTemplate(path.value).map((segment): Step => {
    if (segment.type === 'any') return star;
    if (segment.type === 'literal') return segmentsOf(`/${segment.text}`)[0] ?? '';
    paramNames.push(segment.name);
    return segment.type === 'name' ? named : { type: 'expression', source: segment.source };
  });
  return { steps, isPrefix: false, paramNames };
}

/** `/` is the prefix of everything, and `/a/` says the same as `/a`: both match `/a`, `/a/` and `/a/b`, not `/ab`. */
export function prefixSegments(path: string): string[] {
  const segments = segmentsOf(path);
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}
