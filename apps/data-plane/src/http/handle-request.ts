import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, requestIdHeader } from '@torii/contracts';
import { type Clock, Deadline, type Logger } from '@torii/service-kit';
import type { ActiveRevision, BoundRoute } from '../config/active-revision.js';
import type { RequestMeter } from '../metrics/request-meter.js';
import { Exchange } from '../pipeline/exchange.js';
import type { GatewayRequest } from '../pipeline/gateway-request.js';
import { isMeant } from '../pipeline/is-meant.js';
import { runPipeline } from '../pipeline/run-pipeline.js';
import { Trace } from '../pipeline/trace.js';
import { meantMatch } from '../routing/meant-match.js';
import { parseRequestTarget, type RequestTarget } from '../routing/request-target.js';
import type { RouteMatch } from '../routing/route-table.js';
import type { AccessLog } from './access-log.js';
import type { BodyBudget } from './body-budget.js';
import { ClientSignal } from './client-signal.js';
import type { ConnectionShare } from './connection-share.js';
import { hostOf, requestIdOf, withHost } from './headers.js';
import type { LoadShedder } from './load-shedder.js';
import type { OverloadRefusal } from './overload-refusal.js';
import { RequestBody } from './request-body.js';
import { hasBody, writeProblem, writeResponse } from './write-response.js';

export interface RequestDeps {
  readonly activeRevision: ActiveRevision;
  readonly requestTimeoutMs: number;
  readonly bodyBudget: BodyBudget;
  readonly clock: Clock;
  readonly log: Logger;
  readonly accessLog: AccessLog;
  readonly meter: RequestMeter;
  readonly shedder: LoadShedder;
  readonly refusal: OverloadRefusal;
  readonly share: ConnectionShare;
}

let sequence = 0;

/**
 * Serves one request on the revision that was active when it arrived.
 *
 * Holding on to the revision keeps a change from swapping the rules half-way, and keeps its instances alive until the
 * last request that uses them is done.
 */
export async function handleRequest(req: IncomingMessage, res: ServerResponse, deps: RequestDeps): Promise<void> {
  if (deps.shedder.refuses()) {
    deps.refusal.answer(req, res);
    return;
  }
  const trace = new Trace(deps.clock.nowMs());
  const requestId = requestIdOf(req.headers[requestIdHeader]);
  const deadline = Deadline.at(trace.startedAtMs + deps.requestTimeoutMs, deps.clock);
  const revision = deps.activeRevision.retain();
  const requestBody = new RequestBody(deps.bodyBudget);
  let host = req.headers.host ?? '';
  let failure: AppError | undefined;
  deps.meter.begin();
  try {
    if (deps.share.handsOn(req.socket, res.shouldKeepAlive)) {
      res.setHeader('connection', 'close');
      deps.meter.handedOn();
    }
    if (revision === undefined) throw new AppError('config.not_ready', { detail: 'this node waits for its first configuration' });
    const target = parseRequestTarget(req.url ?? '/', hostOf(req));
    host = target.authority;
    const calls = { deadline, signal: new ClientSignal(res), trace, log: deps.log };
    const body = { read: (maxBytes: number) => requestBody.read(req, res, maxBytes, deadline) };
    sequence += 1;
    const facts = { id: requestId, sequence, target };
    let match = revision.routeTable.match(target, req);
    if (match.route.slots !== undefined && match.route.slots.matchers.length > 0) {
      const isFor = (one: RouteMatch<BoundRoute>) => isMeant(calls, new Exchange(requestOf(req, one, facts), body), one.route.slots?.matchers ?? []);
      match = await meantMatch(match, isFor, (refused) => revision.routeTable.match(target, req, refused));
    }
    const { route } = match;
    trace.routeName = route.name;
    trace.routeRow = route.row;
    if (route.target.kind === 'function') {
      trace.pluginName = route.target.plugin.name;
      trace.pluginVersion = route.target.plugin.version;
    }
    const { slots, target: answering } = route;
    const response = await runPipeline({ ...calls, request: requestOf(req, match, facts), body, slots, target: answering });
    writeResponse(req, res, response, requestId);
  } catch (error) {
    failure = AppError.from(error);
    writeProblem(req, res, failure, requestId);
  } finally {
    revision?.release();
    const status = failure?.status ?? res.statusCode;
    const durationMs = deps.clock.nowMs() - trace.startedAtMs;
    deps.meter.end(trace, { status, durationMs, code: failure?.code });
    requestBody.release();
    deps.accessLog.write(
      {
        requestId,
        method: req.method ?? '',
        host,
        path: pathOf(req.url ?? ''),
        status,
        durationMs,
        revision: revision?.number,
        error: failure,
      },
      trace,
    );
  }
}

/** A request as it was sent, routed. */
function requestOf(
  req: IncomingMessage,
  match: RouteMatch<BoundRoute>,
  { id, sequence, target }: { readonly id: string; readonly sequence: number; readonly target: RequestTarget },
): GatewayRequest {
  return {
    id,
    sequence,
    method: req.method ?? 'GET',
    target,
    rawHeaders: target.authority === (req.headers.host ?? '') ? req.rawHeaders : withHost(req.rawHeaders, target.authority),
    cookieHeader: req.headers.cookie,
    httpVersion: req.httpVersion,
    remoteAddress: req.socket.remoteAddress ?? '',
    hasBody: hasBody(req),
    pathParams: match.pathParams,
    targetPath: targetPathOf(match, target.path),
  };
}

/** Strips what the route's path took, segment by segment, from the path as the client escaped it. */
function targetPathOf(match: RouteMatch<BoundRoute>, path: string): string {
  if (!match.route.stripPath || match.segmentsTaken === 0) return path;
  return `/${path
    .split('/')
    .slice(match.segmentsTaken + 1)
    .join('/')}`;
}

function pathOf(url: string): string {
  const queryAt = url.indexOf('?');
  return queryAt === -1 ? url : url.slice(0, queryAt);
}
