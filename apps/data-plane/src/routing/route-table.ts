import { AppError, type SnapshotMatch, type SnapshotRoute } from '@torii/contracts';
import type { PathNode } from './branch.js';
import type { Edit, PathEntry } from './bunch.js';
import { type ExplainedRequest, explainRoutes, type RouteExplanation } from './explain-routes.js';
import { HostTrees } from './host-trees.js';
import { MatchParts } from './match-parts.js';
import { type PathPlace, paramsOf } from './path-place.js';
import { type PathSearch, searchPaths, withEntry, withoutEntries } from './path-tree.js';
import { RequestFacts, type RequestHead } from './request-facts.js';
import type { RequestTarget } from './request-target.js';
import { SplitMap } from './split-map.js';
import { type Condition, holds } from './value-condition.js';

export interface RouteMatch<R> {
  readonly route: R;
  readonly pathParams: Readonly<Record<string, string>>;
  /** How many segments of the path the route's path took; a prefix leaves the rest to the target. */
  readonly segmentsTaken: number;
  /** The plugin that chose the route; without one its own match fits the request. */
  readonly chosenBy?: string;
}

/** A path of a route, with what else of its match a request has to fit. */
interface RouteEntry<R> extends PathEntry {
  readonly route: R;
  /** Undefined: every method. */
  readonly methods: ReadonlySet<string> | undefined;
  readonly conditions: readonly Condition[];
}

interface PlacedEntry<R> {
  /** Undefined for every host. */
  readonly hosts: readonly (string | undefined)[];
  readonly entry: RouteEntry<R>;
}

type Matchable = Pick<SnapshotRoute, 'name' | 'match'> & { readonly id: string } & { readonly priority: number | undefined };

const noParams: Readonly<Record<string, string>> = {};
const everyHost = [undefined];
const everyPath: SnapshotMatch['paths'] = [{ type: 'prefix', value: '/' }];

interface TableChange<R> {
  /** The table that is changed; it stays as it is. */
  readonly base: RouteTable<R & Matchable>;
  /** The very objects that it was made with. */
  readonly removed: readonly R[];
}

/**
 * Which route answers a request. Built when the configuration changes, never changed: a table made from another shares
 * with it all that the change does not touch.
 *
 * The route with the highest `priority` wins. Among equals the most specific does: an exact host before one with a `*`
 * inside before `*.suffix` before no host (`HostTrees`); then the path as `path-tree.ts` orders it; then the match with more
 * conditions on headers, query and cookies; then one that names the method; then the route whose name sorts first. A route
 * that a better one shadows is still found when that one does not fit.
 *
 * The cost depends on the request's labels and segments, on how many routes share its very place, and on how many expressions
 * stand at the places that it passes, not on how many routes there are.
 */
export class RouteTable<R extends Matchable> {
  private readonly parts: MatchParts;
  /** How many routes have each priority. */
  private readonly priorities: Map<number, number>;
  private readonly priorityMax: number;
  private readonly hosts: HostTrees<PathNode<RouteEntry<R>>>;
  /** By their ids. */
  readonly routes: SplitMap<R>;

  /** With a change: the base without the removed routes and with these. */
  constructor(routes: readonly R[], change?: TableChange<R>) {
    const edit: Edit<RouteEntry<R>> = { compare: compareEntries };
    const removed = new Set(change?.removed);
    this.routes = change?.base.routes.ownedBy(edit) ?? new SplitMap(edit);
    for (const { id } of removed) this.routes.delete(id);
    for (const route of routes) this.routes.set(route.id, route);
    this.parts = change?.base.parts.forChange() ?? new MatchParts();
    this.priorities = new Map(change?.base.priorities);
    this.hosts = new HostTrees(edit, change?.base.hosts);
    this.remove(removed, edit);
    const added = routes.flatMap((route) => this.placed(route));
    // In the order in which a place has them, so that each is put at its end.
    added.sort((a, b) => compareEntries(a.entry, b.entry));
    for (const { hosts, entry } of added) for (const host of hosts) this.hosts.set(host, withEntry(this.hosts.get(host), entry, edit));
    for (const { priority = 0 } of routes) this.count(priority, 1);
    this.priorityMax = [...this.priorities.keys()].reduce((max, priority) => Math.max(max, priority), Number.NEGATIVE_INFINITY);
  }

  /**
   * The route that wins among all but the `refused`. Throws `routing.no_route`, or `routing.method_not_allowed` with an
   * `allow` header when only the method does not fit.
   */
  match(target: RequestTarget, head: RequestHead, refused?: ReadonlySet<R>): RouteMatch<R> {
    const search = new Search<R>(target, head, { priorityMax: this.priorityMax, refused });
    this.hosts.visit(target.host, searchTree<R>, search);
    if (search.found !== undefined) return search.found;
    if (search.allowed !== undefined) throw new AppError('routing.method_not_allowed', { headers: { allow: [...search.allowed].sort().join(', ') } });
    throw new AppError('routing.no_route', { detail: `nothing is configured for ${target.host}${target.path}` });
  }

  /** Why each route did or did not get the request, `max` of them by name. Its cost is in proportion to the number of routes. */
  explain(request: ExplainedRequest<R>, max: number): Promise<RouteExplanation> {
    return explainRoutes(this.routes, request, { expressions: this.parts.expressions, max });
  }

  private placed(route: R): PlacedEntry<R>[] {
    const { priority = 0 } = route;
    return route.match.flatMap((match) => {
      const [hosts, methods, conditions] = [hostsOf(match), this.parts.methodsOf(match), this.parts.conditionsOf(match)];
      return pathsOf(match).map((path): PlacedEntry<R> => {
        const { steps, isPrefix, paramNames } = this.parts.placeOf(path);
        return { hosts, entry: { kind: 'entry', priority, steps, isPrefix, paramNames, route, methods, conditions } };
      });
    });
  }

  private remove(routes: ReadonlySet<R>, edit: Edit<RouteEntry<R>>): void {
    const placesByHost = new Map<string | undefined, PathPlace[]>();
    for (const { match, priority = 0 } of routes) {
      this.count(priority, -1);
      for (const one of match) {
        const places = pathsOf(one).map((path) => this.parts.placeOf(path));
        for (const host of hostsOf(one)) {
          const known = placesByHost.get(host);
          if (known === undefined) placesByHost.set(host, [...places]);
          else known.push(...places);
        }
      }
    }
    const isGone = ({ route }: RouteEntry<R>): boolean => routes.has(route);
    for (const [host, places] of placesByHost) {
      const tree = this.hosts.get(host);
      if (tree !== undefined) this.hosts.set(host, withoutEntries(tree, places, isGone, edit));
    }
  }

  private count(priority: number, change: 1 | -1): void {
    const count = (this.priorities.get(priority) ?? 0) + change;
    if (count === 0) this.priorities.delete(priority);
    else this.priorities.set(priority, count);
  }
}

function hostsOf({ hosts }: SnapshotMatch): readonly (string | undefined)[] {
  return hosts.length === 0 ? everyHost : hosts;
}

function pathsOf({ paths }: SnapshotMatch): SnapshotMatch['paths'] {
  return paths.length === 0 ? everyPath : paths;
}

/** In the order in which they are offered at one place. */
function compareEntries<R extends Matchable>(a: RouteEntry<R>, b: RouteEntry<R>): number {
  return (
    b.priority - a.priority ||
    b.conditions.length - a.conditions.length ||
    Number(a.methods === undefined) - Number(b.methods === undefined) ||
    compareNames(a.route.name, b.route.name)
  );
}

function compareNames(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** One search for a route. */
class Search<R> implements PathSearch<RouteEntry<R>> {
  floor = Number.NEGATIVE_INFINITY;
  found: RouteMatch<R> | undefined;
  /** Methods of candidates that lack only this one; undefined until there is such a candidate. */
  allowed: Set<string> | undefined;
  private facts: RequestFacts | undefined;

  constructor(
    readonly target: RequestTarget,
    private readonly head: RequestHead,
    private readonly bounds: { readonly priorityMax: number; readonly refused: ReadonlySet<R> | undefined },
  ) {}

  /** Whether nothing can take the place of what was found. */
  get isOver(): boolean {
    return this.floor >= this.bounds.priorityMax;
  }

  offer(entry: RouteEntry<R>): void {
    const { route, methods, conditions } = entry;
    if (conditions.length > 0 && !this.holdAll(conditions)) return;
    if (this.bounds.refused?.has(route) === true) return;
    if (methods !== undefined && !methods.has(this.head.method ?? 'GET')) {
      this.allowed ??= new Set();
      for (const name of methods) this.allowed.add(name);
      return;
    }
    const { priority, steps, paramNames } = entry;
    this.found = { route, segmentsTaken: steps.length, pathParams: paramNames.length === 0 ? noParams : paramsOf(entry, this.target.segments) };
    this.floor = priority;
  }

  private holdAll(conditions: readonly Condition[]): boolean {
    this.facts ??= new RequestFacts(this.head, this.target.search);
    for (const condition of conditions) if (!holds(condition, this.facts)) return false;
    return true;
  }
}

function searchTree<R>(tree: PathNode<RouteEntry<R>>, search: Search<R>): boolean {
  searchPaths(tree, search.target.segments, search);
  return search.isOver;
}
