import { AppError, type ErrorCode, ownerOf, type UpstreamTarget } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { UpstreamAttempt } from './attempt.js';
import { type Balancer, balancerOf } from './balancer.js';
import type { ConnectionPool } from './connection-pool.js';
import { clientAddress } from './forwarded.js';
import { outgoingHeaders } from './outgoing-head.js';
import { type PathRewriter, pathRewriter } from './path-rewriter.js';
import { Peer } from './peer.js';
import type { StreamedResponse } from './streamed-response.js';
import { UpgradeCall, type UpgradedResponse } from './upgrade-call.js';
import { UpstreamCall } from './upstream-call.js';
import type { UpstreamRequest } from './upstream-request.js';

export interface UpstreamDeps {
  readonly routeName: string;
  /** The connections to the target of that URL. */
  readonly poolOf: (url: string) => ConnectionPool;
  /** Whether active checks have found the target at this place unfit. */
  readonly isDown: (index: number) => boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

/** RFC 9110 section 9.2.2. */
const idempotentMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE']);

/** What a request turned to last, and what became of it. */
interface Try {
  readonly peer: Peer;
  readonly attempt: UpstreamAttempt;
  /** Undefined while it waits for a connection. */
  call: Pick<UpstreamCall, 'hasStarted' | 'hasAnswerBegun'> | undefined;
}

/** The servers behind a route, as a thread knows them. */
export class Upstream {
  private readonly balancer: Balancer;
  private readonly rewrite: PathRewriter | undefined;
  /** A rewritten path may have a query of its own, to which that of the request is added. */
  private readonly queryMark: '?' | '&';
  /** All that may get requests. */
  readonly peers: readonly Peer[];
  /** Those that are used before others: first all but the backups. */
  private readonly tiers: readonly (readonly Peer[])[];
  private readonly keyHeader: string | undefined;

  constructor(
    readonly target: UpstreamTarget,
    private readonly deps: UpstreamDeps,
  ) {
    const { rewritePath, balancing, health } = target;
    this.balancer = balancerOf(balancing);
    this.rewrite = rewritePath === undefined ? undefined : pathRewriter(rewritePath);
    this.queryMark = rewritePath?.includes('?') === true ? '&' : '?';
    this.keyHeader = balancing.type === 'header_hash' ? balancing.name.toLowerCase() : undefined;
    const all = target.targets.map((spec, index) => {
      const { routeName, log, poolOf, isDown } = deps;
      return new Peer({ spec, passive: health.passive, pool: poolOf(spec.url), isDown: () => isDown(index), routeName, log });
    });
    this.peers = all.filter(({ weight }) => weight > 0);
    this.tiers = [this.peers.filter(({ isBackup }) => !isBackup), this.peers.filter(({ isBackup }) => isBackup)];
  }

  /**
   * The answer of one of the targets. A request goes to another one only when it provably did not start, or may be done twice and
   * met a connection that was being closed.
   *
   * Rejects with `upstream.*`, `capacity.overloaded`, `client.gone`, `client.request_timeout`, and `client.bad_request` for what cannot be
   * sent on.
   */
  answer(request: UpstreamRequest): Promise<StreamedResponse> {
    return this.inTurn(request, (last, isFresh) => this.send(request, last, isFresh));
  }

  /** Has one of the targets speak another protocol with the client, `protocol`, or answer otherwise. Rejects as `answer` does. */
  upgrade(request: UpstreamRequest, protocol: string): Promise<UpgradedResponse | StreamedResponse> {
    return this.inTurn(request, (last) => this.sendUpgrade(request, last, protocol));
  }

  private async inTurn<Response>(request: UpstreamRequest, send: (last: Try, isFresh: boolean) => Promise<Response>): Promise<Response> {
    let tried: Set<Peer> | undefined;
    let isFresh = false;
    for (let left = this.target.retries; ; left -= 1) {
      const last = this.begin(request, tried);
      const { peer, attempt } = last;
      try {
        const response = await send(last, isFresh);
        peer.answered();
        return response;
      } catch (error) {
        const nowMs = this.deps.clock.nowMs();
        const { code, owner } = AppError.from(error);
        if (last.call === undefined) {
          peer.end();
          attempt.code = code;
          attempt.durationMs = nowMs - attempt.startedAtMs;
        }
        if (owner === 'upstream') peer.failed(nowMs, code);
        const outcome = outcomeOf(code, request, last);
        if (left <= 0 || outcome === 'final') throw error;
        tried ??= new Set();
        // One that had only closed an idle connection is as good as any.
        isFresh = outcome === 'stale';
        if (outcome === 'not_started') tried.add(peer);
        if (tried.size === this.peers.length) throw error;
      }
    }
  }

  private begin(request: UpstreamRequest, tried: ReadonlySet<Peer> | undefined): Try {
    const peer = this.pick(request, tried);
    const startedAtMs = this.deps.clock.nowMs();
    const attempt: UpstreamAttempt = {
      peerUrl: peer.url,
      startedAtMs,
      durationMs: 0,
      headersMs: undefined,
      isReusedConnection: undefined,
      status: undefined,
      code: undefined,
    };
    request.attempts.push(attempt);
    peer.begin(startedAtMs);
    return { peer, attempt, call: undefined };
  }

  private async send(request: UpstreamRequest, last: Try, isFresh: boolean): Promise<StreamedResponse> {
    const { peer, attempt } = last;
    const taken = peer.pool.take(request, isFresh);
    const connection = taken instanceof Promise ? await taken : taken;
    const call = new UpstreamCall({
      request,
      connection,
      path: this.pathAt(peer, request),
      headers: this.headersFor(peer, request, attempt),
      timeouts: this.target.timeouts,
      attempt,
      clock: this.deps.clock,
      onOver: (isWhole) => {
        peer.end();
        if (isWhole) peer.pool.giveBack(connection);
        else peer.pool.discard(connection);
      },
    });
    last.call = call;
    return call.start();
  }

  private async sendUpgrade(request: UpstreamRequest, last: Try, protocol: string): Promise<UpgradedResponse | StreamedResponse> {
    const { peer, attempt } = last;
    await peer.pool.enter(request);
    const call = new UpgradeCall({
      request,
      connector: peer.pool.connector,
      path: this.pathAt(peer, request),
      headers: this.headersFor(peer, request, attempt),
      protocol,
      timeouts: this.target.timeouts,
      attempt,
      clock: this.deps.clock,
      onOver: () => {
        peer.end();
        peer.pool.leave();
      },
    });
    last.call = call;
    return call.start();
  }

  /** Those that can be used; when none can, all of them: most likely it is the check that is wrong, and else nothing is lost. */
  private pick(request: UpstreamRequest, tried: ReadonlySet<Peer> | undefined): Peer {
    const nowMs = this.deps.clock.nowMs();
    const [only] = this.peers;
    if (this.peers.length === 1 && only !== undefined) return only;
    const isLeft = (peer: Peer): boolean => tried?.has(peer) !== true;
    const candidates =
      this.tiers.map((tier) => tier.filter((peer) => isLeft(peer) && peer.isUsable(nowMs))).find(({ length }) => length > 0) ??
      this.tiers.map((tier) => tier.filter(isLeft)).find(({ length }) => length > 0) ??
      this.peers;
    const [first] = candidates;
    return candidates.length === 1 && first !== undefined ? first : this.balancer(candidates, () => this.keyOf(request));
  }

  private keyOf(request: UpstreamRequest): string | undefined {
    if (this.keyHeader === undefined) return clientAddress(request.remoteAddress);
    const { rawHeaders } = request;
    for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
      if (rawHeaders[index]?.toLowerCase() === this.keyHeader) return rawHeaders[index + 1];
    }
    return undefined;
  }

  private pathAt(peer: Peer, { path, search, pathParams }: UpstreamRequest): string {
    const rewritten = this.rewrite === undefined ? path : this.rewrite(path, pathParams);
    return search === undefined ? `${peer.prefix}${rewritten}` : `${peer.prefix}${rewritten}${this.queryMark}${search}`;
  }

  private headersFor(peer: Peer, request: UpstreamRequest, attempt: UpstreamAttempt): string[] {
    return outgoingHeaders({
      id: request.id,
      rawHeaders: request.rawHeaders,
      authority: request.authority,
      remoteAddress: request.remoteAddress,
      host: this.target.preserveHost ? undefined : peer.host,
      defaultHost: peer.host,
      isBodyStreamed: !(request.body instanceof Uint8Array),
      added: request.onAttempt?.(attempt),
    });
  }
}

/** Whether a request that failed may be sent again, and why. */
function outcomeOf(code: ErrorCode, request: UpstreamRequest, { call, attempt }: Try): 'final' | 'not_started' | 'stale' {
  if (request.signal.aborted || request.deadline.remainingMs() <= 0) return 'final';
  if (call === undefined) return code === 'capacity.overloaded' ? 'not_started' : 'final';
  if (ownerOf(code) !== 'upstream') return 'final';
  const { body } = request;
  const isInMemory = body instanceof Uint8Array;
  if (!call.hasStarted) return isInMemory || !body.hasBegun ? 'not_started' : 'final';
  const isRepeatable = isInMemory && idempotentMethods.has(request.method);
  const isStale = code === 'upstream.reset' && !call.hasAnswerBegun && attempt.isReusedConnection === true;
  return isRepeatable && isStale ? 'stale' : 'final';
}
