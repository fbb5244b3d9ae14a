import type { SnapshotRoute, UpstreamTarget } from '@torii/contracts';
import type { RouteCells } from './health-cells.js';
import type { Upstream } from './upstream.js';
import type { UpstreamRegistry } from './upstream-registry.js';

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

  release(): void {
    for (const key of this.keys.splice(0)) this.registry.release(key);
  }
}
