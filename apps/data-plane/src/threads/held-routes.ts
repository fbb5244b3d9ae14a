import type { SnapshotRoute } from '@torii/contracts';
import type { BoundRoute } from '../config/active-revision.js';
import type { SplitMap } from '../routing/split-map.js';
import type { UpstreamUse } from '../upstream/revision-upstreams.js';

/** A route as a revision holds it. */
interface HeldRoute {
  readonly route: SnapshotRoute;
  readonly bound: BoundRoute;
  /** The upstreams that it uses. */
  readonly upstreams: readonly UpstreamUse[];
}

/** The routes of a revision, by their ids. */
export type HeldRoutes = SplitMap<HeldRoute>;
