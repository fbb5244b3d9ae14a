import { type Branch, childAt, highestPriority, newBranch, ownBranch, type PathNode, reduced, setChild } from './branch.js';
import { type Bunch, bunchWith, bunchWithout, type Edit, firstOf, type PathEntry } from './bunch.js';
import { fitsFrom, isSamePlace, type PathPlace } from './path-place.js';

// Routes of one host by path. A segment is matched by a literal, then by `$name<expression>`, then by `:name`, then by `*`;
// a longer prefix comes before a shorter one, and a path that is matched to its end before a prefix of the same length. A
// higher priority comes before all of that.
//
// There are branches only where paths part: what one path alone has left is compared step by step ("lazy expansion" in Leis,
// Kemper and Neumann, "The Adaptive Radix Tree", ICDE 2013). Most paths of a large table are alone from some step on, and
// every object less is one less to wait for from memory that no cache holds.

/** What a search is for. It lives as long as the search, so that no function has to be made for a request. */
export interface PathSearch<Entry extends PathEntry> {
  /** Entries of this priority or less are passed over: something as good is found already. */
  floor: number;
  /**
   * Offered each entry whose path fits and whose priority is above `floor`, the more specific ones first. Taking one
   * means raising `floor` to its priority, so that only a higher one can still take its place.
   */
  offer(entry: Entry): void;
}

/** The tree with one entry more. Only branches that are the edit's own are changed, of others there are copies. */
export function withEntry<Entry extends PathEntry>(tree: PathNode<Entry> | undefined, entry: Entry, edit: Edit<Entry>): PathNode<Entry> {
  return tree === undefined ? entry : withEntryFrom(tree, entry, 0, edit);
}

/**
 * The tree without the entries of these places that are gone, and without what then leads nowhere; undefined when nothing is
 * left. Asked for all places of an edit at once, before it puts anything in. The work is in proportion to the places and to
 * what parts at the branches on the way to them, however many there are of both.
 */
export function withoutEntries<Entry extends PathEntry>(
  tree: PathNode<Entry>,
  places: readonly PathPlace[],
  isGone: (entry: Entry) => boolean,
  edit: Edit<Entry>,
): PathNode<Entry> | undefined {
  const removal: Removal<Entry> = { isGone, edit, thinned: new Set() };
  let left: PathNode<Entry> | undefined = tree;
  for (const place of places) left = left && withoutFrom(left, place, 0, removal);
  for (const branch of removal.thinned) branch.priority = highestPriority(branch);
  return left;
}

/** Offers every entry that fits the path, as `search` asks for them. */
export function searchPaths<Entry extends PathEntry>(tree: PathNode<Entry>, segments: readonly string[], search: PathSearch<Entry>): void {
  searchFrom(tree, segments, 0, search);
}

function withEntryFrom<Entry extends PathEntry>(node: PathNode<Entry>, entry: Entry, at: number, edit: Edit<Entry>): PathNode<Entry> {
  if (node.kind !== 'branch' && isSamePlace(firstOf(node), entry)) return bunchWith(node, entry, edit);
  const branch = node.kind === 'branch' ? ownBranch(node, edit) : branchTo(node, at, edit);
  branch.priority = Math.max(branch.priority, entry.priority);
  const step = entry.steps[at];
  if (step === undefined) {
    const list = listOf(entry);
    branch[list] = bunchWith(branch[list], entry, edit);
    return branch;
  }
  const known = childAt(branch, step);
  const child = known === undefined ? entry : withEntryFrom(known, entry, at + 1, edit);
  if (child !== known) setChild(branch, step, child);
  return branch;
}

/** A branch with nothing but a bunch, which the first steps of its place, `at` of them, lead to. */
function branchTo<Entry extends PathEntry>(bunch: Bunch<Entry>, at: number, edit: Edit<Entry>): Branch<Entry> {
  const branch = newBranch(edit);
  branch.priority = bunch.priority;
  const place = firstOf(bunch);
  const step = place.steps[at];
  if (step === undefined) branch[listOf(place)] = bunch;
  else setChild(branch, step, bunch);
  return branch;
}

function listOf({ isPrefix }: PathPlace): 'prefixes' | 'ends' {
  return isPrefix ? 'prefixes' : 'ends';
}

interface Removal<Entry extends PathEntry> {
  readonly isGone: (entry: Entry) => boolean;
  readonly edit: Edit<Entry>;
  /** Branches whose `priority` is that of before, which may be too high; each behind all that are below it. */
  readonly thinned: Set<Branch<Entry>>;
}

function withoutFrom<Entry extends PathEntry>(
  node: PathNode<Entry>,
  place: PathPlace,
  at: number,
  removal: Removal<Entry>,
): PathNode<Entry> | undefined {
  const { isGone, edit, thinned } = removal;
  if (node.kind !== 'branch') return bunchWithout(node, isGone, edit);
  const own = ownBranch(node, edit);
  const step = place.steps[at];
  if (step === undefined) {
    const list = listOf(place);
    own[list] = own[list] && bunchWithout(own[list], isGone, edit);
  } else {
    const known = childAt(own, step);
    if (known !== undefined) setChild(own, step, withoutFrom(known, place, at + 1, removal));
  }
  thinned.delete(own);
  thinned.add(own);
  return reduced(own);
}

function searchFrom<Entry extends PathEntry>(node: PathNode<Entry>, segments: readonly string[], at: number, search: PathSearch<Entry>): void {
  if (node.priority <= search.floor) return;
  if (node.kind !== 'branch') {
    if (fitsFrom(firstOf(node), segments, at)) offerAll(node, search);
    return;
  }
  const segment = segments[at];
  if (segment === undefined) offerAll(node.ends, search);
  else searchBelow(node, segment, segments, at, search);
  offerAll(node.prefixes, search);
}

function searchBelow<Entry extends PathEntry>(
  { literals, expressions, named, star }: Branch<Entry>,
  segment: string,
  segments: readonly string[],
  at: number,
  search: PathSearch<Entry>,
): void {
  const literal = literals?.get(segment);
  if (literal !== undefined) searchFrom(literal, segments, at + 1, search);
  if (segment === '') return;
  if (expressions !== undefined) {
    for (const { step, node } of expressions) {
      if (node.priority > search.floor && step.expression.testExact(segment)) searchFrom(node, segments, at + 1, search);
    }
  }
  if (named !== undefined) searchFrom(named, segments, at + 1, search);
  if (star !== undefined) searchFrom(star, segments, at + 1, search);
}

function offerAll<Entry extends PathEntry>(bunch: Bunch<Entry> | undefined, search: PathSearch<Entry>): void {
  if (bunch === undefined || bunch.priority <= search.floor) return;
  if (bunch.kind === 'entry') {
    search.offer(bunch);
    return;
  }
  for (const entry of bunch.entries) {
    if (entry.priority <= search.floor) return;
    search.offer(entry);
  }
}
