import { describe, expect, it } from '@jest/globals';
import type { PathMatch } from '@torii/contracts';
import type { PathNode } from './branch.js';
import type { Edit, PathEntry } from './bunch.js';
import { Expressions } from './expressions.js';
import { placeOf } from './path-place.js';
import { withEntry, withoutEntries } from './path-tree.js';

const expressions = new Expressions();
const entriesCount = 2_000;
/** Finding a place among 2,000 takes some ten comparisons; looking at all of them would be far beyond this. */
const workForEachMax = 100;

/** How often an entry was asked for its priority, for its place among others, or whether it is gone. */
interface Work {
  count: number;
}

class CountingEntry implements PathEntry {
  readonly kind = 'entry';
  readonly steps;
  readonly isPrefix;
  readonly paramNames;

  constructor(
    path: PathMatch,
    readonly number: number,
    private readonly ownPriority: number,
    private readonly work: Work,
  ) {
    ({ steps: this.steps, isPrefix: this.isPrefix, paramNames: this.paramNames } = placeOf(path, expressions));
  }

  get priority(): number {
    this.work.count += 1;
    return this.ownPriority;
  }
}

function newEdit(work: Work): Edit<CountingEntry> {
  return {
    compare: (a, b) => {
      work.count += 1;
      return b.priority - a.priority || a.number - b.number;
    },
  };
}

const paths: readonly [string, (number: number) => PathMatch][] = [
  ['a path each', (number) => ({ type: 'exact', value: `/things/${number}` })],
  ['the same path', () => ({ type: 'prefix', value: '/things' })],
];
const priorities: readonly [string, (number: number) => number][] = [
  ['the same priority', () => 0],
  ['rising priorities', (number) => number],
  ['falling priorities', (number) => -number],
  ['a higher priority in the second half', (number) => (number < entriesCount / 2 ? 0 : 1)],
];
const cases = paths.flatMap(([path, pathOf]) => priorities.map(([priority, priorityOf]) => [`${path} and ${priority}`, pathOf, priorityOf] as const));

describe('a tree of paths', () => {
  it.each(cases)('takes entries in and out with work in proportion to their number, when they have %s', (_, pathOf, priorityOf) => {
    const work: Work = { count: 0 };
    const entries = Array.from({ length: entriesCount }, (_, number) => new CountingEntry(pathOf(number), number, priorityOf(number), work));
    let tree: PathNode<CountingEntry> | undefined;
    const building = newEdit(work);
    for (const entry of entries) tree = withEntry(tree, entry, building);
    expect(work.count).toBeLessThan(entriesCount * workForEachMax);

    work.count = 0;
    const gone = new Set(entries.slice(entriesCount / 2));
    const isGone = (entry: CountingEntry): boolean => {
      work.count += 1;
      return gone.has(entry);
    };
    tree = tree && withoutEntries(tree, [...gone], isGone, newEdit(work));
    expect(work.count).toBeLessThan(entriesCount * workForEachMax);
    expect(tree?.priority).toBe(Math.max(...entries.slice(0, entriesCount / 2).map(({ priority }) => priority)));
  });
});
