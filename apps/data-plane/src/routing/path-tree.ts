import { type PathMatch, parseTemplate } from '@torii/contracts';
import type { Expression, Expressions } from './expressions.js';
import { segmentsOf } from './request-target.js';

const noParams: readonly string[] = [];

/** One way to reach a route: what of the path is a name, and how much of it the match took. */
export interface PathEntry<T> {
  readonly value: T;
  readonly priority: number;
  /** Names of the segments that have one, in path order. */
  readonly paramNames: readonly string[];
}

interface ExpressionBranch<T> {
  readonly source: string;
  readonly expression: Expression;
  readonly branch: Branch<T>;
}

interface Branch<T> {
  /** The highest of any entry at or below it. */
  priorityMax: number;
  readonly literals: Map<string, Branch<T>>;
  /** In the order of their text. */
  readonly expressions: ExpressionBranch<T>[];
  named?: Branch<T>;
  star?: Branch<T>;
  /** Paths that end here: exact ones and templates, highest priority first. */
  readonly ends: PathEntry<T>[];
  /** Prefixes that end here, highest priority first. */
  readonly prefixes: PathEntry<T>[];
}

/** What a search is for. It lives as long as the search, so that no function has to be made for a request. */
export interface PathSearch<T> {
  /** Entries of this priority or less are passed over: something as good is found already. */
  floor: number;
  /**
   * Offered each entry whose path fits and whose priority is above `floor`, the more specific ones first. Taking one
   * means raising `floor` to its priority, so that only a higher one can still take its place.
   */
  offer(entry: PathEntry<T>, paramValues: readonly string[], segmentsTaken: number): void;
}

/**
 * Routes of one host by path. A segment is matched by a literal, then by `$name<expression>`, then by `:name`, then by `*`;
 * a longer prefix comes before a shorter one, and a path that is matched to its end before a prefix of the same length. A
 * higher priority comes before all of that.
 */
export class PathTree<T> {
  private readonly root: Branch<T> = newBranch();

  constructor(private readonly expressions: Expressions) {}

  /** Among entries of one place and priority, the one added first is offered first. */
  add(path: PathMatch, value: T, priority: number): void {
    if (path.type !== 'template') {
      const isPrefix = path.type === 'prefix';
      const segments = isPrefix ? prefixSegments(path.value) : segmentsOf(path.value);
      const branch = segments.reduce((parent, segment) => raised(literalBranch(parent, segment), priority), raised(this.root, priority));
      insert(isPrefix ? branch.prefixes : branch.ends, { value, priority, paramNames: noParams });
      return;
    }
    const paramNames: string[] = [];
    let branch = raised(this.root, priority);
    for (const segment of parseTemplate(path.value)) {
      if (segment.type === 'any') branch.star ??= newBranch();
      if (segment.type === 'name') branch.named ??= newBranch();
      if (segment.type === 'name' || segment.type === 'regex') paramNames.push(segment.name);
      let next: Branch<T> | undefined;
      if (segment.type === 'any') next = branch.star;
      else if (segment.type === 'name') next = branch.named;
      else if (segment.type === 'regex') next = this.expressionBranch(branch, segment.source);
      else next = literalBranch(branch, segmentsOf(`/${segment.text}`)[0] ?? '');
      branch = raised(next ?? newBranch(), priority);
    }
    insert(branch.ends, { value, priority, paramNames });
  }

  /** Offers every entry that fits the path, as `search` asks for them. */
  search(segments: readonly string[], search: PathSearch<T>): void {
    searchFrom(this.root, segments, 0, noParams, search);
  }

  private expressionBranch(branch: Branch<T>, source: string): Branch<T> {
    const known = branch.expressions.find((entry) => entry.source === source);
    if (known !== undefined) return known.branch;
    const entry = { source, expression: this.expressions.compile(source), branch: newBranch<T>() };
    const at = branch.expressions.findIndex((other) => other.source > source);
    branch.expressions.splice(at === -1 ? branch.expressions.length : at, 0, entry);
    return entry.branch;
  }
}

function searchFrom<T>(branch: Branch<T>, segments: readonly string[], at: number, params: readonly string[], search: PathSearch<T>): void {
  if (branch.priorityMax <= search.floor) return;
  const segment = segments[at];
  if (segment === undefined) {
    offerAll(branch.ends, params, at, search);
  } else {
    const { literals, expressions, named, star } = branch;
    const literal = literals.size === 0 ? undefined : literals.get(segment);
    if (literal !== undefined) searchFrom(literal, segments, at + 1, params, search);
    for (const { expression, branch: next } of expressions) {
      if (segment !== '' && next.priorityMax > search.floor && expression.testExact(segment))
        searchFrom(next, segments, at + 1, [...params, segment], search);
    }
    if (named !== undefined && segment !== '') searchFrom(named, segments, at + 1, [...params, segment], search);
    if (star !== undefined && segment !== '') searchFrom(star, segments, at + 1, params, search);
  }
  offerAll(branch.prefixes, params, at, search);
}

function offerAll<T>(entries: readonly PathEntry<T>[], params: readonly string[], segmentsTaken: number, search: PathSearch<T>): void {
  for (const entry of entries) {
    if (entry.priority <= search.floor) return;
    search.offer(entry, params, segmentsTaken);
  }
}

/** `/` is the prefix of everything, and `/a/` says the same as `/a`: both match `/a`, `/a/` and `/a/b`, not `/ab`. */
function prefixSegments(path: string): string[] {
  const segments = segmentsOf(path);
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function literalBranch<T>(branch: Branch<T>, segment: string): Branch<T> {
  let next = branch.literals.get(segment);
  if (next === undefined) {
    next = newBranch();
    branch.literals.set(segment, next);
  }
  return next;
}

function raised<T>(branch: Branch<T>, priority: number): Branch<T> {
  if (priority > branch.priorityMax) branch.priorityMax = priority;
  return branch;
}

/** Behind all of its priority. */
function insert<T>(entries: PathEntry<T>[], entry: PathEntry<T>): void {
  let at = entries.length;
  while (at > 0 && (entries[at - 1]?.priority ?? 0) < entry.priority) at -= 1;
  entries.splice(at, 0, entry);
}

function newBranch<T>(): Branch<T> {
  return { priorityMax: Number.NEGATIVE_INFINITY, literals: new Map(), expressions: [], ends: [], prefixes: [] };
}
