import type { SnapshotMatch } from '@torii/contracts';
import type { Routers } from '../pipeline/ask-routers.js';
import type { RouteSlots, SinkSlot } from '../pipeline/route-slots.js';
import type { RouteTarget } from '../pipeline/route-target.js';
import type { RouteTable } from '../routing/route-table.js';

/** A route with everything its requests need, looked up when the configuration changed. */
export interface BoundRoute {
  readonly id: string;
  readonly name: string;
  /** Where its requests are counted. */
  readonly row: number;
  /** As inputs have it. */
  readonly json: string;
  readonly match: SnapshotMatch[];
  readonly priority: number | undefined;
  readonly stripPath: boolean;
  /** Undefined for a route without. */
  readonly slots: RouteSlots | undefined;
  readonly target: RouteTarget;
}

/** The rules of one revision on one thread; never changed, only replaced. */
export interface Revision {
  readonly number: number;
  readonly routeTable: RouteTable<BoundRoute>;
  /** May choose the route; undefined when there are none. */
  readonly routers: Routers<BoundRoute> | undefined;
  /** May answer what no route matches. */
  readonly sinks: readonly SinkSlot[];
  /** Of every route, which its own are bound with; undefined when there are none. */
  readonly globalSlots: RouteSlots | undefined;
  /** Called once, when the revision has been replaced and its last request is done. */
  readonly dispose: () => void;
}

export interface RetainedRevision extends Omit<Revision, 'dispose'> {
  release(): void;
}

/** The one reference a change of configuration swaps. */
export class ActiveRevision {
  private current: Counted | undefined;

  /** The active revision, kept alive until it is released; undefined before the first. */
  retain(): RetainedRevision | undefined {
    return this.current?.retain();
  }

  swap(revision: Revision): void {
    const previous = this.current;
    this.current = new Counted(revision);
    previous?.release();
  }

  /** There is none any more; it is disposed of when nobody uses it. */
  clear(): void {
    const previous = this.current;
    this.current = undefined;
    previous?.release();
  }
}

/** Counts who uses a revision, the active reference among them. */
class Counted implements RetainedRevision {
  readonly number: number;
  readonly routeTable: RouteTable<BoundRoute>;
  readonly routers: Routers<BoundRoute> | undefined;
  readonly sinks: readonly SinkSlot[];
  readonly globalSlots: RouteSlots | undefined;
  private users = 1;

  constructor(private readonly revision: Revision) {
    this.number = revision.number;
    this.routeTable = revision.routeTable;
    this.routers = revision.routers;
    this.sinks = revision.sinks;
    this.globalSlots = revision.globalSlots;
  }

  retain(): this {
    this.users += 1;
    return this;
  }

  release(): void {
    this.users -= 1;
    if (this.users === 0) this.revision.dispose();
  }
}
