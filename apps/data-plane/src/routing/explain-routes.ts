import { setImmediate as nextTurn } from 'node:timers/promises';
import type { SnapshotMatch, SnapshotRoute, ValueMatch } from '@torii/contracts';
import type { Expressions } from './expressions.js';
import { bestRank, compareRanks, type Rank, rankOfHost, rankOfPath } from './match-rank.js';
import { RequestFacts, type RequestHead } from './request-facts.js';
import type { RequestTarget } from './request-target.js';
import type { SplitMap } from './split-map.js';
import { conditionsOf, holds } from './value-condition.js';

type Explainable = Pick<SnapshotRoute, 'name' | 'match'> & { readonly priority: number | undefined };

/** Why a route did not get a request: what of its match does not fit, in the order in which it is looked at, or who came first. */
type LossReason = 'host' | 'path' | 'condition' | 'refused' | 'method' | 'not_asked' | 'router' | OutrankedBy;
type OutrankedBy = 'priority' | 'more_exact_host' | 'more_exact_path' | 'more_conditions' | 'names_method' | 'name';

interface ExplainedRoute {
  readonly name: string;
  /** Undefined for the one that got it. */
  readonly lostBy: LossReason | undefined;
  /** A sentence about it. */
  readonly detail: string;
}

export interface RouteExplanation {
  /** The one that got the request first, then those that came closest. */
  readonly routes: readonly ExplainedRoute[];
  /** All there are, of which `routes` may hold only a part. */
  readonly total: number;
  /** How many lost by what. */
  readonly lost: Readonly<Partial<Record<LossReason, number>>>;
}

export interface ExplainedRequest<R> {
  readonly target: RequestTarget;
  readonly head: RequestHead;
  /** The route that got it; undefined when none did. */
  readonly chosen: R | undefined;
  /** Routes whose matchers said no. */
  readonly refused: ReadonlySet<R>;
  /** The router plugin that chose it; without one its own match fits. */
  readonly chosenBy?: string | undefined;
}

/** How far one match of a route came. */
interface Attempt {
  readonly match: SnapshotMatch;
  readonly lostBy: Exclude<LossReason, OutrankedBy | 'refused' | 'not_asked' | 'router'> | undefined;
  /** Written only for routes that are named. */
  readonly detail: () => string;
  readonly host: Rank;
  readonly path: Rank;
}

/** Why a route lost; undefined when it did not. */
interface Loss {
  readonly lostBy: LossReason | undefined;
  readonly detail: () => string;
}

const none: Rank = [];
/** What comes closest comes first in the answer. */
const closeness: readonly LossReason[] = ['host', 'path', 'condition', 'method', 'not_asked', 'refused'];

/** Other requests are served in between when it takes longer. */
const stretchMs = 3;
/** Routes between two looks at the clock. */
const looksEvery = 64;

/**
 * Why each route did or did not get a request. Looks at every route, so it is for who asks, not for every request; the thread
 * serves others after every few milliseconds of it.
 */
export async function explainRoutes<R extends Explainable>(
  routes: SplitMap<R>,
  request: ExplainedRequest<R>,
  { expressions, max }: { readonly expressions: Expressions; readonly max: number },
): Promise<RouteExplanation> {
  const facts = new RequestFacts(request.head, request.target.search);
  const attemptOf = (route: R): Attempt => bestAttempt(route.match, (match) => tryMatch(match, request, facts, expressions));
  const { chosen } = request;
  const winner = chosen === undefined ? undefined : { route: chosen, attempt: attemptOf(chosen) };
  const lost: Partial<Record<LossReason, number>> = {};
  const closest = new Closest(max);
  let stretchStartedAtMs = performance.now();
  let looked = 0;
  for (const route of routes.values()) {
    if (looked++ % looksEvery === 0 && performance.now() - stretchStartedAtMs >= stretchMs) {
      await nextTurn();
      stretchStartedAtMs = performance.now();
    }
    const loss = route === chosen ? winOf(request) : lossOf(route, attemptOf(route), request, winner);
    if (loss.lostBy !== undefined) lost[loss.lostBy] = (lost[loss.lostBy] ?? 0) + 1;
    closest.offer(route.name, loss);
  }
  return { routes: closest.routes(), total: routes.size, lost };
}

function winOf({ chosenBy }: Pick<ExplainedRequest<unknown>, 'chosenBy'>): Loss {
  const because = chosenBy === undefined ? '' : `, because the router ${JSON.stringify(chosenBy)} chose it`;
  return { lostBy: undefined, detail: () => `answers the request${because}` };
}

interface Placed {
  readonly name: string;
  readonly loss: Loss;
  readonly place: number;
}

/** So many of the routes it is offered: those that came closest, and among equals those whose names sort first. */
class Closest {
  /** In this order. */
  private readonly kept: Placed[] = [];

  constructor(private readonly max: number) {}

  offer(name: string, loss: Loss): void {
    const placed = { name, loss, place: placeOf(loss) };
    let at = this.kept.length;
    while (at > 0 && comesBefore(placed, this.kept[at - 1])) at -= 1;
    if (at === this.max) return;
    this.kept.splice(at, 0, placed);
    if (this.kept.length > this.max) this.kept.pop();
  }

  routes(): ExplainedRoute[] {
    return this.kept.map(({ name, loss }) => ({ name, lostBy: loss.lostBy, detail: loss.detail() }));
  }
}

function comesBefore(one: Placed, other: Placed | undefined): boolean {
  if (other === undefined) return false;
  return one.place === other.place ? one.name < other.name : one.place > other.place;
}

function placeOf({ lostBy }: Loss): number {
  if (lostBy === undefined) return closeness.length + 1;
  const at = closeness.indexOf(lostBy);
  return at === -1 ? closeness.length : at;
}

function lossOf<R extends Explainable>(
  route: R,
  attempt: Attempt,
  { refused, chosenBy }: ExplainedRequest<R>,
  winner: { readonly route: R; readonly attempt: Attempt } | undefined,
): Loss {
  if (attempt.lostBy !== undefined) return attempt;
  if (refused.has(route)) return { lostBy: 'refused', detail: () => 'one of its route matchers says that the request is not for it' };
  if (winner === undefined) {
    const reason = refused.size === 0 ? 'a router failed before a route was looked for' : 'too many others had refused the request before';
    return { lostBy: 'not_asked', detail: () => reason };
  }
  if (chosenBy !== undefined) {
    const [router, name] = [chosenBy, winner.route.name].map((text) => JSON.stringify(text));
    return { lostBy: 'router', detail: () => `fits, but the router ${router} chose ${name}` };
  }
  const { lostBy, detail } = outranked({ route, attempt }, winner);
  return { lostBy, detail: () => detail };
}

interface Contender {
  readonly route: Explainable;
  readonly attempt: Attempt;
}

/** By which of the rules that `RouteTable` names, in their order, the winner comes first. */
function outranked(loser: Contender, winner: Contender): { lostBy: OutrankedBy; detail: string } {
  const first = JSON.stringify(winner.route.name);
  const [priority, higher] = [loser.route.priority ?? 0, winner.route.priority ?? 0];
  if (priority !== higher) return { lostBy: 'priority', detail: `fits, but ${first} has the priority ${higher}, and it ${priority}` };
  if (compareRanks(loser.attempt.host, winner.attempt.host) !== 0)
    return { lostBy: 'more_exact_host', detail: `fits, but ${first} names the host more exactly` };
  if (compareRanks(loser.attempt.path, winner.attempt.path) !== 0)
    return { lostBy: 'more_exact_path', detail: `fits, but ${first} names the path more exactly` };
  const [conditions, more] = [conditionCount(loser.attempt.match), conditionCount(winner.attempt.match)];
  if (conditions !== more)
    return { lostBy: 'more_conditions', detail: `fits, but ${first} has ${more} conditions on headers, query and cookies, and it ${conditions}` };
  if ((loser.attempt.match.methods.length === 0) !== (winner.attempt.match.methods.length === 0))
    return { lostBy: 'names_method', detail: `fits, but ${first} names the method` };
  return { lostBy: 'name', detail: `fits as well as ${first}, whose name sorts first` };
}

/** Of those that fit the one that the table finds first; when none fits, the one that came furthest. */
function bestAttempt(matches: readonly SnapshotMatch[], attemptAt: (match: SnapshotMatch) => Attempt): Attempt {
  let best: Attempt | undefined;
  for (const match of matches) {
    const attempt = attemptAt(match);
    if (best === undefined || compareAttempts(attempt, best) > 0) best = attempt;
  }
  return best ?? { match: noMatch, lostBy: 'host', detail: () => 'matches nothing', host: none, path: none };
}

/** Above zero when `a` came further. */
function compareAttempts(a: Attempt, b: Attempt): number {
  return (
    stageOf(a) - stageOf(b) ||
    compareRanks(a.host, b.host) ||
    compareRanks(a.path, b.path) ||
    conditionCount(a.match) - conditionCount(b.match) ||
    Number(b.match.methods.length === 0) - Number(a.match.methods.length === 0)
  );
}

const noMatch: SnapshotMatch = { hosts: [], paths: [], methods: [] };

function stageOf({ lostBy }: Attempt): number {
  return lostBy === undefined ? closeness.length : closeness.indexOf(lostBy);
}

function tryMatch(
  match: SnapshotMatch,
  { target, head }: Pick<ExplainedRequest<unknown>, 'target' | 'head'>,
  facts: RequestFacts,
  expressions: Expressions,
): Attempt {
  const host = bestRank(match.hosts.length === 0 ? anyHost : match.hosts, (pattern) => rankOfHost(pattern, target.host));
  if (host === undefined) {
    return { match, lostBy: 'host', detail: () => `is for ${listed(match.hosts)}, not for ${target.host}`, host: none, path: none };
  }
  const path = match.paths.length === 0 ? anyPath : bestRank(match.paths, (one) => rankOfPath(one, target.segments, expressions));
  if (path === undefined) {
    const paths = (): string => listed(match.paths.map(({ type, value }) => `${type} ${value}`));
    return { match, lostBy: 'path', detail: () => `its paths do not fit ${target.path}: ${paths()}`, host, path: none };
  }
  const failing = conditionSources(match).find(({ one }) => !conditionsOf(one, expressions).every((condition) => holds(condition, facts)));
  if (failing !== undefined) return { match, lostBy: 'condition', detail: () => failing.detail, host, path };
  const method = head.method ?? 'GET';
  const { methods } = match;
  // A route that takes GET takes HEAD too (RFC 9110 section 9.3.2).
  const takes = methods.length === 0 || methods.includes(method) || (method === 'HEAD' && methods.includes('GET'));
  return { match, lostBy: takes ? undefined : 'method', detail: () => `takes ${listed(methods)}, not ${method}`, host, path };
}

const anyHost = [undefined];
/** Of the prefix `/`. */
const anyPath: Rank = [0];

interface ConditionSource {
  /** A match with this condition alone. */
  readonly one: SnapshotMatch;
  readonly detail: string;
}

function conditionSources({ headers = [], query = [], cookies = [] }: SnapshotMatch): ConditionSource[] {
  const of = (field: 'headers' | 'query' | 'cookies', noun: string, values: readonly ValueMatch[]): ConditionSource[] =>
    values.map((value) => ({ one: { ...noMatch, [field]: [value] }, detail: `the ${noun} ${value.name} ${wish(value)}` }));
  return [...of('headers', 'header', headers), ...of('query', 'query parameter', query), ...of('cookies', 'cookie', cookies)];
}

function wish(match: ValueMatch): string {
  switch (match.type) {
    case 'absent':
      return 'must be absent';
    case 'exists':
      return 'is missing';
    case 'exact':
      return `must be ${JSON.stringify(match.value)}`;
    case 'wildcard':
      return `must be like ${JSON.stringify(match.value)}`;
    case 'regex':
      return `must match ${match.value}`;
  }
}

function conditionCount({ headers = [], query = [], cookies = [] }: SnapshotMatch): number {
  return headers.length + query.length + cookies.length;
}

const listedMax = 5;

function listed(texts: readonly string[]): string {
  const rest = texts.length - listedMax;
  return `${texts.slice(0, listedMax).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
