import type { BoundRoute } from '../config/active-revision.js';
import type { Routers } from '../pipeline/ask-routers.js';
import type { RouterSlot } from '../pipeline/route-slots.js';

/** Routers while their revision is built. */
export class RoutersToBe {
  private readonly routes = new Map<string, BoundRoute>();

  constructor(private readonly slots: readonly RouterSlot[]) {}

  /** The route can be chosen, by its id and by its name, which never look alike. */
  add(route: BoundRoute): void {
    if (this.slots.length > 0) this.routes.set(route.id, route).set(route.name, route);
  }

  /** Undefined when there are none. */
  get routers(): Routers<BoundRoute> | undefined {
    return this.slots.length === 0 ? undefined : { slots: this.slots, routes: this.routes };
  }
}
