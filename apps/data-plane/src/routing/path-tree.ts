import type { PathMatch } from '@torii/contracts';
import { type Branch, childAt, dropChild, type Edit, highestPriority, isEmpty, newBranch, ownBranch, type PathEntry, setChild } from './branch.js';
import type { Expressions } from './expressions.js';
import { type PathPlace, placeOf } from './path-place.js';

const noParams: readonly string[] = [];

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

interface PathTreeDeps<T> {
  readonly expressions: Expressions;
  /** Which of two values of one place and priority is offered first: negative for the first, as when sorting. */
  readonly compare: (a: T, b: T) => number;
}

/**
 * Routes of one host by path. A segment is matched by a literal, then by `$name<expression>`, then by `:name`, then by `*`;
 * a longer prefix comes before a shorter one, and a path that is matched to its end before a prefix of the same length. A
 * higher priority comes before all of that.
 */
export class PathTree<T> {
  private root: Branch<T>;

  constructor(
    private readonly deps: PathTreeDeps<T>,
    /** The change that this tree is made for: `add` and `remove` leave branches of all others as they are. */
    readonly edit: Edit,
    base?: PathTree<T>,
  ) {
    this.root = base?.root ?? newBranch(edit);
  }

  get isEmpty(): boolean {
    return isEmpty(this.root);
  }

  add(path: PathMatch, value: T, priority: number): void {
    const { steps, isPrefix, paramNames } = placeOf(path);
    let branch = ownBranch(this.root, this.edit);
    this.root = branch;
    raise(branch, priority);
    for (const step of steps) {
      const known = childAt(branch, step);
      const child = known === undefined ? newBranch<T>(this.edit) : ownBranch(known, this.edit);
      if (child !== known) setChild(branch, step, child, this.deps.expressions);
      raise(child, priority);
      branch = child;
    }
    insert(isPrefix ? branch.prefixes : branch.ends, { value, priority, paramNames }, this.deps.compare);
  }

  /** Takes out what `isGone` says of a path's entries, and the branches that then lead nowhere. */
  remove(path: PathMatch, isGone: (value: T) => boolean): void {
    this.root = this.without(this.root, placeOf(path), 0, isGone);
  }

  /** Offers every entry that fits the path, as `search` asks for them. */
  search(segments: readonly string[], search: PathSearch<T>): void {
    searchFrom(this.root, segments, 0, noParams, search);
  }

  private without(branch: Branch<T>, place: PathPlace, at: number, isGone: (value: T) => boolean): Branch<T> {
    const step = place.steps[at];
    const known = step === undefined ? undefined : childAt(branch, step);
    if (step !== undefined && known === undefined) return branch;
    const own = ownBranch(branch, this.edit);
    if (step === undefined || known === undefined) {
      removeFrom(place.isPrefix ? own.prefixes : own.ends, isGone);
    } else {
      const child = this.without(known, place, at + 1, isGone);
      if (isEmpty(child)) dropChild(own, step);
      else setChild(own, step, child, this.deps.expressions);
    }
    own.priorityMax = highestPriority(own);
    return own;
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

function raise<T>(branch: Branch<T>, priority: number): void {
  if (priority > branch.priorityMax) branch.priorityMax = priority;
}

/** From the end, since entries mostly come in order. */
function insert<T>(entries: PathEntry<T>[], entry: PathEntry<T>, compare: (a: T, b: T) => number): void {
  const isBehind = (other: PathEntry<T>): boolean =>
    other.priority < entry.priority || (other.priority === entry.priority && compare(other.value, entry.value) > 0);
  let at = entries.length;
  for (let before = entries[at - 1]; before !== undefined && isBehind(before); before = entries[at - 1]) at -= 1;
  entries.splice(at, 0, entry);
}

function removeFrom<T>(entries: PathEntry<T>[], isGone: (value: T) => boolean): void {
  for (let at = entries.length - 1; at >= 0; at -= 1) {
    const entry = entries[at];
    if (entry !== undefined && isGone(entry.value)) entries.splice(at, 1);
  }
}
