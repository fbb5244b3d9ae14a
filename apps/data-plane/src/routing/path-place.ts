import { type PathMatch, parseTemplate } from '@torii/contracts';
import type { Expression, Expressions } from './expressions.js';
import { segmentsOf } from './request-target.js';

/** How one segment is matched: by its text as it is, or otherwise. */
export type Step = string | NamedStep | ExpressionStep | StarStep;
interface NamedStep {
  readonly type: 'named';
}
export interface ExpressionStep {
  readonly type: 'expression';
  readonly source: string;
  readonly expression: Expression;
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

/** Throws on an expression that RE2 does not know. */
export function placeOf(path: PathMatch, expressions: Expressions): PathPlace {
  if (path.type === 'prefix') return { steps: prefixSegments(path.value), isPrefix: true, paramNames: noParams };
  if (path.type === 'exact') return { steps: segmentsOf(path.value), isPrefix: false, paramNames: noParams };
  const paramNames: string[] = [];
  const steps = parseTemplate(path.value).map((segment): Step => {
    if (segment.type === 'any') return star;
    if (segment.type === 'literal') return segmentsOf(`/${segment.text}`)[0] ?? '';
    paramNames.push(segment.name);
    if (segment.type === 'name') return named;
    const { source } = segment;
    return { type: 'expression', source, expression: expressions.compile(source) };
  });
  return { steps, isPrefix: false, paramNames };
}

/** Whether the same paths fit both. */
export function isSamePlace(a: PathPlace, b: PathPlace): boolean {
  if (a.isPrefix !== b.isPrefix || a.steps.length !== b.steps.length) return false;
  return a.steps === b.steps || a.steps.every((step, at) => isSameStep(step, b.steps[at] ?? ''));
}

/** Whether a path fits a place whose first steps, `from` of them, are known to fit. */
export function fitsFrom({ steps, isPrefix }: PathPlace, segments: readonly string[], from: number): boolean {
  if (isPrefix ? segments.length < steps.length : segments.length !== steps.length) return false;
  for (let at = from; at < steps.length; at += 1) if (!fitsStep(steps[at] ?? '', segments[at] ?? '')) return false;
  return true;
}

/** What a path that fits has at the place's names. */
export function paramsOf({ steps, paramNames }: PathPlace, segments: readonly string[]): Readonly<Record<string, string>> {
  const params: Record<string, string> = {};
  let named = 0;
  for (let at = 0; named < paramNames.length; at += 1) {
    if (!isNamed(steps[at] ?? '')) continue;
    params[paramNames[named] ?? ''] = segments[at] ?? '';
    named += 1;
  }
  return params;
}

function isNamed(step: Step): boolean {
  return typeof step !== 'string' && step.type !== 'star';
}

function isSameStep(a: Step, b: Step): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  return a.type === 'expression' && b.type === 'expression' ? a.source === b.source : a.type === b.type;
}

/** Only a text can be that of an empty segment. */
function fitsStep(step: Step, segment: string): boolean {
  if (typeof step === 'string') return step === segment;
  return segment !== '' && (step.type !== 'expression' || step.expression.testExact(segment));
}

/** `/` is the prefix of everything, and `/a/` says the same as `/a`: both match `/a`, `/a/` and `/a/b`, not `/ab`. */
export function prefixSegments(path: string): string[] {
  const segments = segmentsOf(path);
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}
