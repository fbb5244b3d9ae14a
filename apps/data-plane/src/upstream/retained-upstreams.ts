import type { SnapshotRoute, UpstreamTarget } from '@torii/contracts';
import type { RouteCells } from './health-cells.js';
import type { Upstream } from './upstream.js';
import type { UpstreamRegistry } from './upstream-registry.js';

const none: readonly string[] = [];

/** The upstreams that one revision uses, until it is over. */
export class RetainedUpstreams {
  private readonly keys: string[] = [];

  /** `cells` are where the health of targets is, by the id of their route. */
  constructor(
    private readonly registry: UpstreamRegistry,
    private readonly cells: ReadonlyMap<string, RouteCells>,
  ) {}

  readonly of = (route: Pick<SnapshotRoute, 'id' | 'name'>, target: UpstreamTarget): Upstream => {
    const { key, upstream } = this.registry.retain(route, target, this.cells.get(route.id));
    this.keys.push(key);
    return upstream;
  };

  /** How many it uses. */
  get count(): number {
    return this.keys.length;
  }

  /** Keys of those behind the first `count`. */
  since(count: number): readonly string[] {
    return count === this.keys.length ? none : this.keys.slice(count);
  }

  /** Uses those that another revision uses now. */
  again(keys: readonly string[]): void {
    for (const key of keys) {
      this.registry.again(key);
      this.keys.push(key);
    }
  }

  release(): void {
    for (const key of this.keys.splice(0)) this.registry.release(key);
  }
}
