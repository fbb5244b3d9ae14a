import type { IncomingMessage } from 'node:http';
import { AppError, type SnapshotMatch, type SnapshotRoute } from '@torii/contracts';
import { Expressions } from './expressions.js';
import { HostTrees } from './host-trees.js';
import { type PathEntry, type PathSearch, PathTree } from './path-tree.js';
import { RequestFacts } from './request-facts.js';
import type { RequestTarget } from './request-target.js';
import { type Condition, conditionsOf } from './value-condition.js';

export interface RouteMatch<R> {
  readonly route: R;
  readonly pathParams: Readonly<Record<string, string>>;
  /** How many segments of the path the route's path took; a prefix leaves the rest to the target. */
  readonly segmentsTaken: number;
}

interface Candidate<R> {
  readonly route: R;
  /** Undefined: every method. */
  readonly methods: ReadonlySet<string> | undefined;
  readonly conditions: readonly Condition[];
}

type Matchable = Pick<SnapshotRoute, 'name' | 'match'> & { readonly priority: number | undefined };
/** What of a request decides, beside where it points. */
export type RequestHead = Pick<IncomingMessage, 'method' | 'headers' | 'headersDistinct'>;

const noParams: Readonly<Record<string, string>> = {};
const everyPath = { type: 'prefix', value: '/' } as const;

/**
 * Which route answers a request. Built once per revision, never changed.
 *
 * The route with the highest `priority` wins. Among equals the most specific does: an exact host before one with a `*`
 * inside before `*.suffix` before no host (`HostTrees`); then the path as `PathTree` orders it; then the match with more
 * conditions on headers, query and cookies; then one that names the method; then the route whose name sorts first. A route
 * that a better one shadows is still found when that one does not fit.
 *
 * The cost depends on the request's labels and segments and on how many routes share its very place, not on how many there are.
 */
export class RouteTable<R extends Matchable> {
  private readonly expressions = new Expressions();
  private readonly priorityMax: number;
  private readonly hosts = new HostTrees(() => new PathTree<Candidate<R>>(this.expressions));

  constructor(routes: readonly R[]) {
    // Among candidates of one place in a tree the first added wins, so the order of adding is the tie-break.
    const matches = routes
      .flatMap((route) => route.match.map((match) => ({ route, match, conditions: conditionsOf(match, this.expressions) })))
      .sort(
        (a, b) =>
          b.conditions.length - a.conditions.length ||
          Number(a.match.methods.length === 0) - Number(b.match.methods.length === 0) ||
          compareNames(a.route.name, b.route.name),
      );
    for (const { route, match, conditions } of matches) this.add(match, { route, methods: methodsOf(match), conditions });
    this.priorityMax = matches.reduce((max, { route }) => Math.max(max, route.priority ?? 0), Number.NEGATIVE_INFINITY);
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

  private add(match: SnapshotMatch, candidate: Candidate<R>): void {
    for (const host of match.hosts.length === 0 ? [undefined] : match.hosts) {
      const tree = this.hosts.at(host);
      for (const path of match.paths.length === 0 ? [everyPath] : match.paths) tree.add(path, candidate, candidate.route.priority ?? 0);
    }
  }
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
