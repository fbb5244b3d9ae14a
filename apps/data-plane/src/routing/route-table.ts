import { AppError, type SnapshotMatch, type SnapshotRoute } from '@torii/contracts';
import { type PathEntry, PathTree } from './path-tree.js';
import type { RequestTarget } from './request-target.js';

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
}

type Matchable = Pick<SnapshotRoute, 'name' | 'match'>;

const noParams: Readonly<Record<string, string>> = {};

/** One search for a route. */
interface Search<R> {
  readonly method: string;
  found: RouteMatch<R> | undefined;
  /** Methods of candidates that lack only this one; undefined until there is such a candidate. */
  allowed: Set<string> | undefined;
}

const everyPath = { type: 'prefix', value: '/' } as const;

/**
 * Which route answers a request. Built once per revision, never changed.
 *
 * The most specific route wins: an exact host before a `*.suffix` (a longer suffix before a shorter) before no host;
 * then the path as `PathTree` orders it; then a route that names the method before one that takes all; then the
 * route whose name sorts first. A route that a more specific one shadows is still found when that one does not fit.
 */
export class RouteTable<R extends Matchable> {
  private readonly exactHosts = new Map<string, PathTree<Candidate<R>>>();
  private readonly suffixes = new Map<string, PathTree<Candidate<R>>>();
  private readonly everyHost = new PathTree<Candidate<R>>();

  constructor(routes: readonly R[]) {
    // Among candidates of one place in a tree the first added wins, so the order of adding is the tie-break.
    const matches = [...routes]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((route) => route.match.map((match) => ({ route, match })))
      .sort((a, b) => Number(a.match.methods.length === 0) - Number(b.match.methods.length === 0));
    for (const { route, match } of matches) this.add(route, match);
  }

  /** Throws `routing.no_route`, or `routing.method_not_allowed` with an `allow` header when only the method does not fit. */
  match(target: RequestTarget, method: string): RouteMatch<R> {
    const search: Search<R> = { method, found: undefined, allowed: undefined };
    this.searchTrees(target, search);
    if (search.found !== undefined) return search.found;
    if (search.allowed !== undefined) throw new AppError('routing.method_not_allowed', { headers: { allow: [...search.allowed].sort().join(', ') } });
    throw new AppError('routing.no_route', { detail: `nothing is configured for ${target.host}${target.path}` });
  }

  private searchTrees({ host, segments }: RequestTarget, search: Search<R>): void {
    if (this.exactHosts.get(host)?.search(segments, take<R>, search) === true) return;
    for (let dot = host.indexOf('.'); dot !== -1 && this.suffixes.size > 0; dot = host.indexOf('.', dot + 1)) {
      if (this.suffixes.get(host.slice(dot))?.search(segments, take<R>, search) === true) return;
    }
    this.everyHost.search(segments, take<R>, search);
  }

  private add(route: R, match: SnapshotMatch): void {
    const candidate: Candidate<R> = { route, methods: methodsOf(match) };
    for (const tree of this.treesOf(match)) {
      for (const path of match.paths.length === 0 ? [everyPath] : match.paths) tree.add(path, candidate);
    }
  }

  private treesOf(match: SnapshotMatch): PathTree<Candidate<R>>[] {
    if (match.hosts.length === 0) return [this.everyHost];
    return match.hosts.map((host) => (host.startsWith('*.') ? treeAt(this.suffixes, host.slice(1)) : treeAt(this.exactHosts, host)));
  }
}

function take<R>(search: Search<R>, entry: PathEntry<Candidate<R>>, params: readonly string[], segmentsTaken: number): boolean {
  const { route, methods } = entry.value;
  if (methods !== undefined && !methods.has(search.method)) {
    search.allowed ??= new Set();
    for (const name of methods) search.allowed.add(name);
    return false;
  }
  search.found = { route, segmentsTaken, pathParams: paramsOf(entry.paramNames, params) };
  return true;
}

function paramsOf(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  if (names.length === 0) return noParams;
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']));
}

/** A route that takes GET takes HEAD too (RFC 9110 section 9.3.2). */
function methodsOf(match: SnapshotMatch): ReadonlySet<string> | undefined {
  if (match.methods.length === 0) return undefined;
  const methods = new Set(match.methods);
  if (methods.has('GET')) methods.add('HEAD');
  return methods;
}

function treeAt<T>(trees: Map<string, PathTree<T>>, key: string): PathTree<T> {
  let tree = trees.get(key);
  if (tree === undefined) {
    tree = new PathTree();
    trees.set(key, tree);
  }
  return tree;
}
