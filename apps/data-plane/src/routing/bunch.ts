import type { PathPlace } from './path-place.js';

/** One change of a tree: what it has made or copied is its own, and may be changed in place. */
export interface Edit<Entry> {
  /** Which of two entries of one place is offered first, the one with the higher priority: negative for the first, as when sorting. */
  readonly compare: (a: Entry, b: Entry) => number;
}

/** One way to reach a route. Never changed, so that trees share it. */
export interface PathEntry extends PathPlace {
  readonly kind: 'entry';
  readonly priority: number;
}

/** Two entries or more of one place. */
interface Group<Entry extends PathEntry> {
  readonly kind: 'group';
  /** Whose it is; all others copy it before they change it. */
  readonly edit: Edit<Entry>;
  /** The highest of them. */
  priority: number;
  first: Entry;
  /** All of them, in the order in which they are offered. */
  readonly entries: Entry[];
}

/** What stands at one place. Mostly that is one entry, which then needs no list around it. */
export type Bunch<Entry extends PathEntry> = Entry | Group<Entry>;

/** The one that is offered first. */
export function firstOf<Entry extends PathEntry>(bunch: Bunch<Entry>): Entry {
  return bunch.kind === 'entry' ? bunch : bunch.first;
}

/** The bunch with one entry more of the same place. */
export function bunchWith<Entry extends PathEntry>(bunch: Bunch<Entry> | undefined, entry: Entry, edit: Edit<Entry>): Bunch<Entry> {
  if (bunch === undefined) return entry;
  const group = ownGroup(bunch, edit);
  const { entries } = group;
  const at = placeAmong(entries, entry, edit);
  entries.splice(at, 0, entry);
  if (at === 0) {
    group.first = entry;
    group.priority = entry.priority;
  }
  return group;
}

/** The bunch without the entries that are gone; undefined when none is left. Looks at each once in an edit, which has put none in yet. */
export function bunchWithout<Entry extends PathEntry>(
  bunch: Bunch<Entry>,
  isGone: (entry: Entry) => boolean,
  edit: Edit<Entry>,
): Bunch<Entry> | undefined {
  if (bunch.kind === 'entry') return isGone(bunch) ? undefined : bunch;
  if (bunch.edit === edit) return bunch;
  const entries = bunch.entries.filter((entry) => !isGone(entry));
  const [first, second] = entries;
  if (first === undefined || second === undefined) return first;
  return { kind: 'group', edit, priority: first.priority, first, entries };
}

/** Behind all that are offered before it or as soon as it. */
function placeAmong<Entry extends PathEntry>(entries: readonly Entry[], entry: Entry, { compare }: Edit<Entry>): number {
  let [start, end] = [0, entries.length];
  while (start < end) {
    const middle = Math.floor((start + end) / 2);
    const other = entries[middle];
    if (other !== undefined && compare(other, entry) <= 0) start = middle + 1;
    else end = middle;
  }
  return start;
}

function ownGroup<Entry extends PathEntry>(bunch: Bunch<Entry>, edit: Edit<Entry>): Group<Entry> {
  if (bunch.kind === 'group' && bunch.edit === edit) return bunch;
  const first = firstOf(bunch);
  return { kind: 'group', edit, priority: bunch.priority, first, entries: bunch.kind === 'group' ? [...bunch.entries] : [first] };
}
