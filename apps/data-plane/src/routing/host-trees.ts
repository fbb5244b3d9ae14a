/**
 * Something for each host pattern, found by host: an exact host first, then one with a `*` for a label inside (the further
 * left the `*`, the sooner), then `*.suffix` (a longer suffix first), then what is for every host.
 */
export class HostTrees<Tree> {
  private readonly exact = new Map<string, Tree>();
  /** By the pattern itself: `a.*.b`. */
  private readonly inner = new Map<string, Tree>();
  /** By the suffix with its dot: `.b`. */
  private readonly suffixes = new Map<string, Tree>();
  private readonly every: Tree;

  constructor(private readonly create: () => Tree) {
    this.every = create();
  }

  /** The tree of that pattern, made when it is new; without a pattern the one for every host. */
  at(pattern: string | undefined): Tree {
    if (pattern === undefined) return this.every;
    if (pattern.startsWith('*.')) return this.treeAt(this.suffixes, pattern.slice(1));
    return this.treeAt(pattern.includes('*') ? this.inner : this.exact, pattern);
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
    visit(this.every, context);
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

  private treeAt(trees: Map<string, Tree>, key: string): Tree {
    let tree = trees.get(key);
    if (tree === undefined) {
      tree = this.create();
      trees.set(key, tree);
    }
    return tree;
  }
}
