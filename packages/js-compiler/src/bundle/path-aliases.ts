import type { Tsconfig } from './tsconfig.js';
import { joinInTree, type VirtualTree } from './virtual-tree.js';

/** The names that a function's tsconfig.json gives its own files: https://www.typescriptlang.org/tsconfig/#paths */
export class PathAliases {
  private readonly patterns: readonly Pattern[];
  private readonly base: string;
  private readonly hasBase: boolean;

  constructor(
    { baseUrl, paths }: Pick<Tsconfig, 'baseUrl' | 'paths'>,
    private readonly tree: VirtualTree,
  ) {
    this.base = baseUrl ?? '.';
    this.hasBase = baseUrl !== undefined;
    // Those without a star first, then the longest beginning.
    this.patterns = [...paths].map(patternOf).sort((a, b) => Number(a.hasStar) - Number(b.hasStar) || b.before.length - a.before.length);
  }

  /** The file of the function that is meant; undefined when none is. */
  find(specifier: string): string | undefined {
    const pattern = this.patterns.find((one) => matches(one, specifier));
    const star = pattern?.hasStar === true ? specifier.slice(pattern.before.length, specifier.length - pattern.after.length) : '';
    const named = pattern?.targets.map((target) => target.replace('*', () => star)) ?? [];
    for (const target of this.hasBase ? [...named, specifier] : named) {
      const path = joinInTree('', `${this.base}/${target}`);
      const found = path === undefined ? undefined : this.tree.find(path);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

interface Pattern {
  readonly before: string;
  readonly after: string;
  readonly hasStar: boolean;
  readonly targets: readonly string[];
}

function patternOf([pattern, targets]: readonly [string, readonly string[]]): Pattern {
  const star = pattern.indexOf('*');
  if (star < 0) return { before: pattern, after: '', hasStar: false, targets };
  return { before: pattern.slice(0, star), after: pattern.slice(star + 1), hasStar: true, targets };
}

function matches({ before, after, hasStar }: Pattern, specifier: string): boolean {
  if (!hasStar) return specifier === before;
  return specifier.length >= before.length + after.length && specifier.startsWith(before) && specifier.endsWith(after);
}
