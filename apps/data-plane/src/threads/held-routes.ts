import type { SnapshotRoute } from '@torii/contracts';
import type { BoundRoute } from '../config/active-revision.js';

/** A route as a revision holds it. */
export interface HeldRoute {
  readonly route: SnapshotRoute;
  readonly bound: BoundRoute;
  /** Of the upstreams that it uses. */
  readonly upstreamKeys: readonly string[];
}

/** The routes of a revision, by keys that are equal only where all is that they are bound with. */
export type HeldRoutes = ReadonlyMap<string, HeldRoute>;
