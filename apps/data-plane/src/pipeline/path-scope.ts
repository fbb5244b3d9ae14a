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
    const compile = (source: string): Expression => expressions.compileForPaths(source);
    return new PathScope(slot.include.map(compile), slot.exclude.map(compile));
  }

  /**
   * Whether the slot runs for a request: one expression of `include` matches the whole path, or there are none, and none of
   * `exclude` does. The path counts in every way in which others may read it, so that nobody gets past a slot by writing it
   * otherwise: any of them may include it, and only all of them exclude it.
   */
  has({ path, segments }: RequestTarget): boolean {
    const readings = readingsOf(path, segments);
    const isIncluded = this.include.length === 0 || readings.some((reading) => matchesAny(this.include, reading));
    if (!isIncluded || this.exclude.length === 0) return isIncluded;
    return !readings.every((reading) => matchesAny(this.exclude, reading));
  }
}

/** As it was sent, in the normal form of its escapes (RFC 3986 section 6.2.2), with its escapes read; each also with doubled slashes as one. */
function readingsOf(path: string, segments: readonly string[]): readonly string[] {
  const hasEscapes = path.includes('%');
  if (!hasEscapes && !path.includes('//')) return [path];
  const forms = hasEscapes ? [path, normalForm(path), `/${segments.join('/')}`] : [path];
  return [...new Set([...forms, ...forms.map((form) => form.replace(/\/{2,}/g, '/'))])];
}

/** What never needs an escape is written without, and other escapes in capitals. */
function normalForm(path: string): string {
  return path.replace(/%[0-9a-f]{2}/gi, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : triplet.toUpperCase();
  });
}

function matchesAny(expressions: readonly Expression[], path: string): boolean {
  for (const expression of expressions) if (expression.testExact(path)) return true;
  return false;
}
