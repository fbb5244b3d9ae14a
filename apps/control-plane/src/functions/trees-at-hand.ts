import type { SourceTree } from '@torii/contracts';
import type { Write } from '../writes/config-writer.service.js';
import { type SourceStore, storeTree } from './source-store.js';
import type { CheckedTree } from './source-tree.js';

/** A write needs a tree that is not at hand yet: it is undone, and done again when it is. */
export class TreeNotAtHand extends Error {
  constructor(readonly wanted: { readonly read: string } | { readonly write: CheckedTree }) {
    super('the write needs a tree that is not at hand');
    this.name = 'TreeNotAtHand';
  }
}

/** The trees that one request reads and stores while it holds the lock of all writes, without asking a store meanwhile. */
export class TreesAtHand {
  private readonly trees = new Map<string, SourceTree>();
  private readonly written = new Set<string>();
  /** Rather keeps others waiting, each time as long as a store may take, than begin once more. */
  mayWait = false;

  constructor(private readonly sources: SourceStore) {}

  async fetch(sha256: string): Promise<void> {
    if (!this.trees.has(sha256)) this.trees.set(sha256, await this.sources.read(sha256));
  }

  async write(tree: CheckedTree): Promise<void> {
    if (this.written.has(tree.sha256)) return;
    await this.sources.write(tree);
    this.written.add(tree.sha256);
  }

  /** What the write was missing. */
  async supply({ wanted }: TreeNotAtHand): Promise<void> {
    if ('read' in wanted) await this.fetch(wanted.read);
    else await this.write(wanted.write);
  }

  /** Throws `TreeNotAtHand` for a tree that was not fetched. */
  async get(sha256: string): Promise<SourceTree> {
    const tree = this.trees.get(sha256);
    if (tree !== undefined) return tree;
    if (!this.mayWait) throw new TreeNotAtHand({ read: sha256 });
    return this.sources.read(sha256);
  }

  /** Throws `TreeNotAtHand` for a tree that was not written. */
  async store({ tx, now }: Write, tree: CheckedTree): Promise<void> {
    if (!this.written.has(tree.sha256)) {
      if (!this.mayWait) throw new TreeNotAtHand({ write: tree });
      await this.sources.write(tree);
    }
    await storeTree(tx, tree, now);
  }
}
