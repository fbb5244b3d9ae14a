import { AppError, type SnapshotMatch, type SnapshotRoute } from '@torii/contracts';
import type { Edit, PathEntry } from './branch.js';
import { type ExplainedRequest, explainRoutes, type RouteExplanation } from './explain-routes.js';
import { Expressions } from './expressions.js';
import { HostTrees } from './host-trees.js';
import { type PathSearch, PathTree } from './path-tree.js';
import { RequestFacts, type RequestHead } from './request-facts.js';
import type { RequestTarget } from './request-target.js';
import { type Condition, conditionsOf } from './value-condition.js';

export interface RouteMatch<R> {
  readonly route: R;
  readonly pathParams: Readonly<Record<string, string>>;
  /** How many segments of the path the route's path took; a prefix leaves the rest to the target. */
  readonly segmentsTaken: number;
  /** The plugin that chose the route; without one its own match fits the request. */
  readonly chosenBy?: string;
}

interface Candidate<R> {
  readonly route: R;
  /** Undefined: every method. */
  readonly methods: ReadonlySet<string> | undefined;
  readonly conditions: readonly Condition[];
}

type Matchable = Pick<SnapshotRoute, 'name' | 'match'> & { readonly priority: number | undefined };

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
 * inside before `*.suffix` before no host (`HostTrees`); then the path as `PathTree` orders it; then the match with more
 * conditions on headers, query and cookies; then one that names the method; then the route whose name sorts first. A route
 * that a better one shadows is still found when that one does not fit.
 *
 * The cost depends on the request's labels and segments and on how many routes share its very place, not on how many there are.
 */
export class RouteTable<R extends Matchable> {
  private readonly expressions: Expressions;
  /** How many routes have each priority. */
  private readonly priorities: Map<number, number>;
  private readonly priorityMax: number;
  private readonly hosts: HostTrees<PathTree<Candidate<R>>>;
  readonly routes: readonly R[];

  /** With a change: the base without the removed routes and with these. */
  constructor(routes: readonly R[], change?: TableChange<R>) {
    const edit: Edit = Symbol('edit');
    const removed = new Set(change?.removed);
    this.routes = [...(change?.base.routes ?? []).filter((route) => !removed.has(route)), ...routes];
    this.expressions = change?.base.expressions.forChange() ?? new Expressions();
    this.priorities = new Map(change?.base.priorities);
    this.hosts = new HostTrees(change?.base.hosts);
    for (const route of change?.removed ?? []) this.remove(route, edit);
    const candidates = routes.flatMap((route) => route.match.map((match) => ({ match, candidate: this.candidateOf(route, match) })));
    // In the order in which a place has them, so that each is put at its end.
    candidates.sort((a, b) => compareCandidates(a.candidate, b.candidate));
    for (const { match, candidate } of candidates) this.add(match, candidate, edit);
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

  private candidateOf(route: R, match: SnapshotMatch): Candidate<R> {
    return { route, methods: methodsOf(match), conditions: conditionsOf(match, this.expressions) };
  }

  /** Why each route did or did not get the request, `max` of them by name. Its cost is in proportion to the number of routes. */
  explain(request: ExplainedRequest<R>, max: number): Promise<RouteExplanation> {
    return explainRoutes(this.routes, request, { expressions: this.expressions, max });
  }

  private add(match: SnapshotMatch, candidate: Candidate<R>, edit: Edit): void {
    for (const host of hostsOf(match)) {
      const tree = this.treeFor(host, edit);
      for (const path of pathsOf(match)) tree.add(path, candidate, candidate.route.priority ?? 0);
    }
  }

  private remove(route: R, edit: Edit): void {
    this.count(route.priority ?? 0, -1);
    for (const match of route.match) {
      for (const host of hostsOf(match)) {
        const tree = this.treeFor(host, edit);
        for (const path of pathsOf(match)) tree.remove(path, (candidate) => candidate.route === route);
        if (tree.isEmpty) this.hosts.set(host, undefined);
      }
    }
  }

  /** The tree of a host pattern, the edit's own. */
  private treeFor(host: string | undefined, edit: Edit): PathTree<Candidate<R>> {
    const known = this.hosts.get(host);
    if (known?.edit === edit) return known;
    const tree = new PathTree({ expressions: this.expressions, compare: compareCandidates<R> }, edit, known);
    this.hosts.set(host, tree);
    return tree;
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
function compareCandidates<R extends Matchable>(a: Candidate<R>, b: Candidate<R>): number {
  return (
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
class Search<R> implements PathSearch<Candidate<R>> {
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

  offer({ value, priority, paramNames }: PathEntry<Candidate<R>>, params: readonly string[], segmentsTaken: number): void {
    const { route, methods, conditions } = value;
    if (conditions.length > 0 && !this.holds(conditions)) return;
    if (this.bounds.refused?.has(route) === true) return;
    if (methods !== undefined && !methods.has(this.head.method ?? 'GET')) {
      this.allowed ??= new Set();
      for (const name of methods) this.allowed.add(name);
      return;
    }
    this.found = { route, segmentsTaken, pathParams: paramsOf(paramNames, params) };
    this.floor = priority;
  }

  private holds(conditions: readonly Condition[]): boolean {
    this.facts ??= new RequestFacts(this.head, this.target.search);
    for (const condition of conditions) if (!condition(this.facts)) return false;
    return true;
  }
}

function searchTree<R>(tree: PathTree<Candidate<R>>, search: Search<R>): boolean {
  tree.search(search.target.segments, search);
  return search.isOver;
}

function paramsOf(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  if (names.length === 0) return noParams;
  const params: Record<string, string> = {};
  for (let index = 0; index < names.length; index += 1) params[names[index] ?? ''] = values[index] ?? '';
  return params;
}

/** A route that takes GET takes HEAD too (RFC 9110 section 9.3.2). */
function methodsOf(match: SnapshotMatch): ReadonlySet<string> | undefined {
  if (match.methods.length === 0) return undefined;
  const methods = new Set(match.methods);
  if (methods.has('GET')) methods.add('HEAD');
  return methods;
}
