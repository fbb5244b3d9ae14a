import { type SnapshotRoute, type UpstreamTarget, upstreamOf } from '@torii/contracts';
import type { Logger } from '@torii/service-kit';
import { HealthCells, healthCellsMax, type RouteCells } from './health-cells.js';
import { type ActiveCheck, HealthProbe } from './health-probe.js';

export interface HealthProberDeps {
  readonly allowLinkLocal: boolean;
  readonly log: Logger;
}

interface Checked {
  readonly key: string;
  readonly url: string;
  readonly routeName: string;
  readonly target: UpstreamTarget;
  readonly check: ActiveCheck;
}

interface Entry {
  readonly cell: number;
  probe: HealthProbe | undefined;
}

type Routes = readonly Pick<SnapshotRoute, 'id' | 'name' | 'target'>[];

/** Checks the targets of all upstreams that ask for it: each once for the node, however many threads and routes it serves. */
export class HealthProber {
  readonly cells = HealthCells.create();
  private readonly entries = new Map<string, Entry>();
  private readonly freeCells: number[] = [];
  private cellsUsed = 0;

  constructor(private readonly deps: HealthProberDeps) {}

  /** The cells of each route that is checked, by its id. */
  cellsFor(routes: Routes): Map<string, RouteCells> {
    const cells = new Map<string, RouteCells>();
    for (const route of routes) {
      const checked = checkedOf(route);
      if (checked.length > 0)
        cells.set(
          route.id,
          checked.map(({ key }) => this.entryOf(key)?.cell),
        );
    }
    return cells;
  }

  /** Checks the targets of these routes from now on, and no others. */
  watch(routes: Routes): void {
    const wanted = new Set<string>();
    for (const one of routes.flatMap(checkedOf)) {
      wanted.add(one.key);
      const entry = this.entryOf(one.key);
      if (entry !== undefined) entry.probe ??= this.open(one, entry.cell);
    }
    for (const [key, { cell, probe }] of this.entries) {
      if (wanted.has(key)) continue;
      probe?.close();
      this.entries.delete(key);
      this.cells.set(cell, false);
      this.freeCells.push(cell);
    }
  }

  close(): void {
    for (const { probe } of this.entries.values()) probe?.close();
    this.entries.clear();
  }

  private entryOf(key: string): Entry | undefined {
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    const cell = this.freeCells.pop() ?? this.cellsUsed;
    if (cell >= healthCellsMax) return undefined;
    if (cell === this.cellsUsed) this.cellsUsed += 1;
    const entry = { cell, probe: undefined };
    this.entries.set(key, entry);
    return entry;
  }

  private open({ url, target, check, routeName }: Checked, cell: number): HealthProbe {
    const { allowLinkLocal, log } = this.deps;
    return new HealthProbe({
      url,
      tls: target.tls,
      check,
      allowLinkLocal,
      onChange: (isDown, reason) => {
        this.cells.set(cell, isDown);
        const facts = { route: routeName, upstream: url, reason };
        if (isDown) log.warn(facts, 'upstream target fails its checks and is left out');
        else log.info(facts, 'upstream target passes its checks again');
      },
    });
  }
}

/** Routes that check one target in one way share the check. */
function checkedOf({ name, target }: Routes[number]): Checked[] {
  const upstream = upstreamOf(target);
  if (upstream?.health.active === undefined) return [];
  const { active } = upstream.health;
  return upstream.targets.map(({ url }) => ({
    key: JSON.stringify([url, upstream.tls, active]),
    url,
    routeName: name,
    target: upstream,
    check: active,
  }));
}
