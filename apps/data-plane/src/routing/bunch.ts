import type { PathPlace } from './path-place.js';

/** One change of a tree: what it has made or copied is its own, and may be changed in place. */
export interface Edit<Entry> {
  /** Which of two entries of one place and priority is offered first: negative for the first, as when sorting. */
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
  /** All of them, the highest priority first. */
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
  const isBehind = (other: Entry): boolean =>
    other.priority < entry.priority || (other.priority === entry.priority && edit.compare(other, entry) > 0);
  // From the end, since entries mostly come in order.
  let at = entries.length;
  for (let before = entries[at - 1]; before !== undefined && isBehind(before); before = entries[at - 1]) at -= 1;
  entries.splice(at, 0, entry);
  if (at === 0) {
    group.first = entry;
    group.priority = entry.priority;
  }
  return group;
}

/** The bunch without the entries that are gone; undefined when none is left. */
export function bunchWithout<Entry extends PathEntry>(
  bunch: Bunch<Entry>,
  isGone: (entry: Entry) => boolean,
  edit: Edit<Entry>,
): Bunch<Entry> | undefined {
  if (bunch.kind === 'entry') return isGone(bunch) ? undefined : bunch;
  const entries = bunch.entries.filter((entry) => !isGone(entry));
  const [first, second] = entries;
  if (first === undefined || second === undefined) return first;
  return { kind: 'group', edit, priority: first.priority, first, entries };
}

function ownGroup<Entry extends PathEntry>(bunch: Bunch<Entry>, edit: Edit<Entry>): Group<Entry> {
  if (bunch.kind === 'group' && bunch.edit === edit) return bunch;
  const first = firstOf(bunch);
  return { kind: 'group', edit, priority: bunch.priority, first, entries: bunch.kind === 'group' ? [...bunch.entries] : [first] };
}
