import { SplitMap } from './split-map.js';

/**
 * Something for each host pattern, found by host: an exact host first, then one with a `*` for a label inside (the further
 * left the `*`, the sooner), then `*.suffix` (a longer suffix first), then what is for every host.
 */
export class HostTrees<Tree> {
  private readonly exact: SplitMap<Tree>;
  /** By the pattern itself: `a.*.b`. */
  private readonly inner: SplitMap<Tree>;
  /** By the suffix with its dot: `.b`. */
  private readonly suffixes: SplitMap<Tree>;
  private every: Tree | undefined;

  /** For one change, its `owner`. With `base`: what is there, to be changed; `base` stays as it is. */
  constructor(owner: object, base?: HostTrees<Tree>) {
    this.exact = base?.exact.ownedBy(owner) ?? new SplitMap(owner);
    this.inner = base?.inner.ownedBy(owner) ?? new SplitMap(owner);
    this.suffixes = base?.suffixes.ownedBy(owner) ?? new SplitMap(owner);
    this.every = base?.every;
  }

  /** What is there for that pattern, or without a pattern for every host. */
  get(pattern: string | undefined): Tree | undefined {
    if (pattern === undefined) return this.every;
    const { trees, key } = this.placeOf(pattern);
    return trees.get(key);
  }

  /** Puts something there in place of what was; undefined leaves nothing. */
  set(pattern: string | undefined, tree: Tree | undefined): void {
    if (pattern === undefined) {
      this.every = tree;
      return;
    }
    const { trees, key } = this.placeOf(pattern);
    if (tree === undefined) trees.delete(key);
    else trees.set(key, tree);
  }

  /** Visits the trees of every pattern that fits the host, the most specific first, until `visit` answers true. The cost is bounded by the host's labels. */
  visit<Context>(host: string, visit: (tree: Tree, context: Context) => boolean, context: Context): void {
    const exact = this.exact.get(host);
    if (exact !== undefined && visit(exact, context)) return;
    if (this.inner.size > 0 && this.visitInner(host, visit, context)) return;
    if (this.suffixes.size > 0) {
      for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
        const tree = this.suffixes.get(host.slice(dot));
        if (tree !== undefined && visit(tree, context)) return;
      }
    }
    if (this.every !== undefined) visit(this.every, context);
  }

  private visitInner<Context>(host: string, visit: (tree: Tree, context: Context) => boolean, context: Context): boolean {
    for (let start = host.indexOf('.') + 1; start > 0; ) {
      const dot = host.indexOf('.', start);
      const end = dot === -1 ? host.length : dot;
      const tree = end > start ? this.inner.get(`${host.slice(0, start)}*${host.slice(end)}`) : undefined;
      if (tree !== undefined && visit(tree, context)) return true;
      start = dot === -1 ? 0 : dot + 1;
    }
    return false;
  }

  private placeOf(pattern: string): { readonly trees: SplitMap<Tree>; readonly key: string } {
    if (pattern.startsWith('*.')) return { trees: this.suffixes, key: pattern.slice(1) };
    return { trees: pattern.includes('*') ? this.inner : this.exact, key: pattern };
  }
}
