import type { SnapshotSlot } from '@torii/contracts';
import type { Expression, Expressions } from '../routing/expressions.js';
import type { RequestTarget } from '../routing/request-target.js';

/** The paths of requests that a slot is for. */
export class PathScope {
  private constructor(
    private readonly include: readonly Expression[],
    private readonly exclude: readonly Expression[],
  ) {}

  /** Undefined for all paths. Throws on an expression that RE2 does not know. */
  static of(slot: Pick<SnapshotSlot, 'include' | 'exclude'>, expressions: Expressions): PathScope | undefined {
    if (slot.include.length === 0 && slot.exclude.length === 0) return undefined;
    // A dot is for every character: nobody gets past a slot by a line feed in a path.
    const compile = (source: string): Expression => expressions.compile(`(?s:${source})`);
    return new PathScope(slot.include.map(compile), slot.exclude.map(compile));
  }

  /**
   * Whether the slot runs for a request: one expression of `include` matches the whole path, or there are none, and none of
   * `exclude` does. The path counts both as sent and with its escapes read, so that nobody gets past a slot by writing
   * `%61` for `a`: either may include it, and only both exclude it.
   */
  has({ path, segments }: RequestTarget): boolean {
    const read = path.includes('%') ? `/${segments.join('/')}` : path;
    const isIncluded = this.include.length === 0 || matchesAny(this.include, path) || (read !== path && matchesAny(this.include, read));
    if (!isIncluded || this.exclude.length === 0) return isIncluded;
    return !(matchesAny(this.exclude, path) && (read === path || matchesAny(this.exclude, read)));
  }
}

function matchesAny(expressions: readonly Expression[], path: string): boolean {
  for (const expression of expressions) if (expression.testExact(path)) return true;
  return false;
}
