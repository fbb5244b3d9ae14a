import type { SnapshotRoute, UpstreamTarget } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import { ConnectionPool } from './connection-pool.js';
import type { RouteCells } from './health-cells.js';
import type { Peer } from './peer.js';
import { RefCounted } from './ref-counted.js';
import { Upstream } from './upstream.js';

export interface UpstreamRegistryDeps {
  /** Threads of the node, which share what may be had in all. */
  readonly threadCount: number;
  readonly allowLinkLocal: boolean;
  /** Whether active checks have found the target in that cell unfit. */
  readonly isDown: (cell: number) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

type UpstreamRoute = Pick<SnapshotRoute, 'id' | 'name'>;

/**
 * The upstreams of one thread, and their connections, each as long as a revision uses it: one that a change of configuration
 * leaves as it is keeps its connections, its turns and what is known of its targets.
 */
export class UpstreamRegistry {
  private readonly upstreams = new RefCounted<{ readonly upstream: Upstream; readonly pools: readonly string[] }>();
  private readonly pools = new RefCounted<ConnectionPool>();

  constructor(private readonly deps: UpstreamRegistryDeps) {}

  /** The upstream of a route; `cells` are where its targets' health is, if it is checked. Whoever retains it releases the key once. */
  retain(route: UpstreamRoute, target: UpstreamTarget, cells: RouteCells | undefined): { readonly key: string; readonly upstream: Upstream } {
    const key = JSON.stringify([route.id, route.name, target, cells]);
    const { upstream } = this.upstreams.retain(key, () => this.open(route, target, cells));
    return { key, upstream };
  }

  /** The targets of all upstreams; one that several routes have comes several times. */
  *peers(): Iterable<Peer> {
    for (const { upstream } of this.upstreams.things()) yield* upstream.peers;
  }

  release(key: string): void {
    const gone = this.upstreams.release(key);
    for (const pool of gone?.pools ?? []) this.pools.release(pool)?.close();
  }

  private open(route: UpstreamRoute, target: UpstreamTarget, cells: RouteCells | undefined) {
    const pools: string[] = [];
    const { clock, log, isDown } = this.deps;
    const upstream = new Upstream(target, {
      routeName: route.name,
      poolOf: (url) => {
        const key = poolKeyOf(url, target);
        pools.push(key);
        return this.pools.retain(key, () => this.openPool(url, target));
      },
      isDown: (index) => {
        const cell = cells?.[index];
        return cell !== undefined && isDown(cell);
      },
      clock,
      log,
    });
    return { upstream, pools };
  }

  private openPool(url: string, { tls, timeouts, connectionsMax, queuedMax, queueWaitMs }: UpstreamTarget): ConnectionPool {
    const share = (perNode: number): number => Math.ceil(perNode / this.deps.threadCount);
    return new ConnectionPool({
      origin: new URL(new URL(url).origin),
      tls,
      connectMs: timeouts.connectMs,
      connectionsMax: share(connectionsMax),
      queuedMax: share(queuedMax),
      queueWaitMs,
      allowLinkLocal: this.deps.allowLinkLocal,
    });
  }
}

/** Routes that go to one origin in one way share its connections. */
function poolKeyOf(url: string, { tls, timeouts, connectionsMax, queuedMax, queueWaitMs }: UpstreamTarget): string {
  return JSON.stringify([new URL(url).origin, tls, timeouts.connectMs, connectionsMax, queuedMax, queueWaitMs]);
}
