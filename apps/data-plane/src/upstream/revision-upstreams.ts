import type { SnapshotRoute, UpstreamTarget } from '@torii/contracts';
import type { RouteCells } from './health-cells.js';
import type { Upstream } from './upstream.js';
import type { UpstreamRegistry } from './upstream-registry.js';

/** An upstream that revisions one after another use. */
export interface UpstreamUse {
  readonly key: string;
  /** The turn of the first of them. */
  readonly since: number;
}

/**
 * The upstreams that one revision uses, until it is over. A revision that follows another takes over what that one uses
 * without a look at it: it names what it has beyond that, and what it does without. Whatever order revisions end in, an
 * upstream is released with the last one that uses it.
 */
export class RevisionUpstreams {
  private readonly turn: number;
  private readonly added: UpstreamUse[] = [];
  private readonly dropped: UpstreamUse[] = [];
  /** What no revision after this one uses. */
  private readonly lastUsedHere: UpstreamUse[] = [];
  /** Of the revisions that are not over: the one before, and the one behind. */
  private older: RevisionUpstreams | undefined;
  private newer: RevisionUpstreams | undefined;
  private hasBegun = false;
  private isFollowed = false;

  /** Of a revision that is to follow `before`, or to stand alone. `cells` are where the health of targets is, by the id of their route. */
  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly cells: ReadonlyMap<string, RouteCells>,
    private before?: RevisionUpstreams,
  ) {
    this.turn = (before?.turn ?? 0) + 1;
  }

  /** Opens an upstream, unless one that is the same in all is there. */
  readonly of = (route: Pick<SnapshotRoute, 'id' | 'name'>, target: UpstreamTarget): Upstream => {
    const { key, upstream } = this.registry.retain(route, target, this.cells.get(route.id));
    this.added.push({ key, since: this.turn });
    return upstream;
  };

  /** How many it has beyond those of the one before. */
  get count(): number {
    return this.added.length;
  }

  /** Those behind the first `count` of these. */
  since(count: number): readonly UpstreamUse[] {
    return this.added.slice(count);
  }

  /** It does without these, which the one before uses. */
  drop(uses: readonly UpstreamUse[]): void {
    for (const use of uses) this.dropped.push(use);
  }

  /** Takes the place of the one before, which must not be over yet. */
  begin(): void {
    this.hasBegun = true;
    this.older = this.before;
    this.before = undefined;
    this.added.length = 0;
    if (this.older === undefined) return;
    this.older.newer = this;
    this.older.isFollowed = true;
    for (const use of this.dropped.splice(0)) this.older.lastUsedHere.push(use);
  }

  /** It is over. `inUse` is all that it uses, for where no revision has followed it; one that has not begun only gives back what it opened. */
  release(inUse: Iterable<UpstreamUse>): void {
    if (!this.hasBegun) {
      for (const { key } of this.added.splice(0)) this.registry.release(key);
      return;
    }
    const { older, newer } = this;
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    for (const use of this.isFollowed ? this.lastUsedHere : [...this.lastUsedHere, ...inUse]) {
      if (older !== undefined && older.turn >= use.since) older.lastUsedHere.push(use);
      else this.registry.release(use.key);
    }
  }
}
