import type { PathMatch } from '@torii/contracts';
import { segmentsOf } from './request-target.js';

const noParams: readonly string[] = [];

/** One way to reach a route: what of the path is a name, and how much of it the match took. */
export interface PathEntry<T> {
  readonly value: T;
  /** Names of the `:name` segments, in path order. */
  readonly paramNames: readonly string[];
}

interface Branch<T> {
  readonly literals: Map<string, Branch<T>>;
  named?: Branch<T>;
  star?: Branch<T>;
  /** Paths that end here: exact ones and templates. */
  readonly ends: PathEntry<T>[];
  /** Prefixes that end here. */
  readonly prefixes: PathEntry<T>[];
}

/**
 * Asked for each candidate, most specific first; `true` takes it and ends the search. What it needs to know and what it
 * finds is in `search`, so that no function has to be made for a request.
 */
export type Visit<T, Search> = (search: Search, entry: PathEntry<T>, paramValues: readonly string[], segmentsTaken: number) => boolean;

/**
 * Routes of one host by path. A segment is matched by a literal before a `:name`, by a `:name` before a `*`, by a longer
 * prefix before a shorter one; a path that is matched to its end comes before a prefix of the same length.
 */
export class PathTree<T> {
  private readonly root: Branch<T> = newBranch();

  add(path: PathMatch, value: T): void {
    if (path.type === 'prefix') {
      const branch = this.descend(prefixSegments(path.value), (branch, segment) => literal(branch, segment));
      branch.prefixes.push({ value, paramNames: [] });
      return;
    }
    const paramNames: string[] = [];
    const isTemplate = path.type === 'template';
    const branch = this.descend(segmentsOf(path.value), (branch, segment) => {
      if (isTemplate && segment === '*') {
        branch.star ??= newBranch();
        return branch.star;
      }
      if (isTemplate && segment.startsWith(':')) {
        paramNames.push(segment.slice(1));
        branch.named ??= newBranch();
        return branch.named;
      }
      return literal(branch, segment);
    });
    branch.ends.push({ value, paramNames });
  }

  /** Offers candidates until `visit` takes one; answers whether it did. */
  search<Search>(segments: readonly string[], visit: Visit<T, Search>, search: Search): boolean {
    return searchFrom(this.root, segments, 0, noParams, visit, search);
  }

  private descend(segments: readonly string[], step: (branch: Branch<T>, segment: string) => Branch<T>): Branch<T> {
    return segments.reduce(step, this.root);
  }
}

function searchFrom<T, Search>(
  branch: Branch<T>,
  segments: readonly string[],
  at: number,
  params: readonly string[],
  visit: Visit<T, Search>,
  search: Search,
): boolean {
  const segment = segments[at];
  if (segment === undefined) {
    for (const entry of branch.ends) if (visit(search, entry, params, at)) return true;
  } else {
    const { literals, named, star } = branch;
    const literalBranch = literals.size === 0 ? undefined : literals.get(segment);
    if (literalBranch !== undefined && searchFrom(literalBranch, segments, at + 1, params, visit, search)) return true;
    if (named !== undefined && segment !== '' && searchFrom(named, segments, at + 1, [...params, segment], visit, search)) return true;
    if (star !== undefined && segment !== '' && searchFrom(star, segments, at + 1, params, visit, search)) return true;
  }
  for (const entry of branch.prefixes) if (visit(search, entry, params, at)) return true;
  return false;
}

/** `/` is the prefix of everything, and `/a/` says the same as `/a`: both match `/a`, `/a/` and `/a/b`, not `/ab`. */
function prefixSegments(path: string): string[] {
  const segments = segmentsOf(path);
  return segments.at(-1) === '' ? segments.slice(0, -1) : segments;
}

function literal<T>(branch: Branch<T>, segment: string): Branch<T> {
  let next = branch.literals.get(segment);
  if (next === undefined) {
    next = newBranch();
    branch.literals.set(segment, next);
  }
  return next;
}

function newBranch<T>(): Branch<T> {
  return { literals: new Map(), ends: [], prefixes: [] };
}
