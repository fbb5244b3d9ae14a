import type { BoundRoute } from '../config/active-revision.js';
import type { Routers } from '../pipeline/ask-routers.js';
import type { RouterSlot } from '../pipeline/route-slots.js';
import { SplitMap } from '../routing/split-map.js';

/** Routers while their revision is built. Where there are none, no route is looked up for them. */
export class RoutersToBe {
  private readonly routes: SplitMap<BoundRoute>;

  /** `known` are routes of another revision, by their ids and names, that this one begins with. */
  constructor(
    private readonly slots: readonly RouterSlot[],
    known?: SplitMap<BoundRoute>,
  ) {
    const owner = {};
    this.routes = (slots.length === 0 ? undefined : known)?.ownedBy(owner) ?? new SplitMap(owner);
  }

  /** The route can be chosen, by its id and by its name, which never look alike. */
  add(route: BoundRoute): void {
    if (this.slots.length === 0) return;
    this.routes.set(route.id, route);
    this.routes.set(route.name, route);
  }

  /** A route that it begins with can no longer be chosen. */
  remove(route: BoundRoute): void {
    this.routes.delete(route.id);
    this.routes.delete(route.name);
  }

  /** Undefined when there are none. */
  get routers(): Routers<BoundRoute> | undefined {
    return this.slots.length === 0 ? undefined : { slots: this.slots, routes: this.routes };
  }
}
