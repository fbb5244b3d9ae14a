import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, requestIdHeader } from '@torii/contracts';
import { type Clock, Deadline, type Logger } from '@torii/service-kit';
import type { ActiveRevision, BoundRoute } from '../config/active-revision.js';
import type { RequestMeter } from '../metrics/request-meter.js';
import { askSinks } from '../pipeline/ask-sinks.js';
import { Exchange } from '../pipeline/exchange.js';
import type { GatewayRequest } from '../pipeline/gateway-request.js';
import { isMeant } from '../pipeline/is-meant.js';
import { runPipeline } from '../pipeline/run-pipeline.js';
import { Trace } from '../pipeline/trace.js';
import { meantMatch } from '../routing/meant-match.js';
import { parseRequestTarget, type RequestTarget } from '../routing/request-target.js';
import type { RouteMatch } from '../routing/route-table.js';
import type { Tracing } from '../telemetry/tracing.js';
import type { Inspector } from '../tester/inspector.js';
import type { AccessLog } from './access-log.js';
import type { BodyBudget } from './body-budget.js';
import { ClientSignal } from './client-signal.js';
import { takeNoMore } from './connection-order.js';
import type { ConnectionShare } from './connection-share.js';
import { hostOf, requestIdOf, withHost } from './headers.js';
import type { LoadShedder } from './load-shedder.js';
import type { OverloadRefusal } from './overload-refusal.js';
import { RequestBody } from './request-body.js';
import { refuseUnclearFraming } from './request-framing.js';
import { markStreaming } from './streaming.js';
import { type ClientUpgrade, writeUpgraded } from './upgrade.js';
import { Upload } from './upload.js';
import { hasBegun, hasBody, writeEarlyHints, writeProblem, writeResponse } from './write-response.js';

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
  readonly inspector: Inspector;
  /** Undefined where no traces are sent. */
  readonly tracing?: Pick<Tracing, 'begin'> | undefined;
}

let sequence = 0;

/**
 * Serves one request on the revision that was active when it arrived.
 *
 * Holding on to the revision keeps a change from swapping the rules half-way, and keeps its instances alive until the
 * last request that uses them is done.
 */
export async function handleRequest(req: IncomingMessage, res: ServerResponse, deps: RequestDeps, upgrade?: ClientUpgrade): Promise<void> {
  if (deps.shedder.refuses()) {
    deps.refusal.answer(req, res);
    return;
  }
  const inspection = deps.inspector.inspect(req, res);
  const trace = new Trace(deps.clock.nowMs(), inspection?.recording);
  trace.span = deps.tracing?.begin(req, trace.startedAtMs);
  const requestId = requestIdOf(req.headers[requestIdHeader]);
  const deadline = Deadline.at(trace.startedAtMs + deps.requestTimeoutMs, deps.clock);
  const revision = inspection === undefined ? deps.activeRevision.retain() : inspection.retain(deps.activeRevision);
  const requestBody = new RequestBody(deps.bodyBudget);
  let host = req.headers.host ?? '';
  let failure: AppError | undefined;
  deps.meter.begin();
  try {
    if (deps.share.handsOn(req.socket, res.shouldKeepAlive)) {
      res.setHeader('connection', 'close');
      takeNoMore(req.socket);
      deps.meter.handedOn();
    }
    if (revision === undefined) throw new AppError('config.not_ready', { detail: 'this node waits for its first configuration' });
    refuseUnclearFraming(req);
    const target = parseRequestTarget(req.url ?? '/', hostOf(req));
    host = target.authority;
    const calls = { deadline, signal: new ClientSignal(res), trace, log: deps.log };
    const body = {
      read: (maxBytes: number) => {
        const read = requestBody.read(req, res, maxBytes, deadline);
        return trace.recording === undefined ? read : trace.recording.timed('read-body', read);
      },
      stream: () => new Upload(req, res),
      hold: (bytes: number) => requestBody.hold(bytes),
    };
    trace.recording?.stage('start-handling', trace.startedAtMs);
    sequence += 1;
    const facts = { id: requestId, sequence, target };
    let match: RouteMatch<BoundRoute>;
    try {
      match = revision.routeTable.match(target, req);
      if (match.route.slots !== undefined && match.route.slots.matchers.length > 0) {
        const isFor = (one: RouteMatch<BoundRoute>) => {
          inspection?.asks(one.route);
          return isMeant(calls, new Exchange(requestOf(req, one, facts), body), one.route.slots?.matchers ?? []);
        };
        match = await meantMatch(match, isFor, (refused) => revision.routeTable.match(target, req, refused));
      }
    } catch (error) {
      if (revision.sinks.length === 0 || AppError.from(error).code !== 'routing.no_route') throw error;
      const answer = await askSinks(calls, new Exchange(requestOf(req, undefined, facts), body), revision.sinks);
      if (answer === undefined) throw error;
      await writeResponse(req, res, answer, requestId);
      return;
    }
    const { route } = match;
    inspection?.found(match, res);
    trace.routeName = route.name;
    trace.routeRow = route.row;
    trace.span?.matched(route);
    if (route.target.kind === 'function') {
      trace.pluginName = route.target.plugin.name;
      trace.pluginVersion = route.target.plugin.version;
    }
    const { slots, target: answering } = route;
    const response = await runPipeline({
      ...calls,
      request: requestOf(req, match, facts),
      body,
      slots,
      target: answering,
      onEarlyHints: (links) => writeEarlyHints(req, res, links),
      upgradeTo: upgrade?.protocol,
    });
    if ('tunnel' in response) await writeUpgraded(res, upgrade, response, requestId);
    else await writeResponse(req, res, response, requestId);
  } catch (error) {
    failure = AppError.from(error);
    writeProblem(req, res, failure, requestId);
  } finally {
    revision?.release();
    markStreaming(req, false);
    const status = failure === undefined || hasBegun(res) ? res.statusCode : failure.status;
    const durationMs = deps.clock.nowMs() - trace.startedAtMs;
    deps.meter.end(trace, { status, durationMs, code: failure?.code });
    requestBody.release();
    inspection?.close({ req, trace, requestId, revision, status, error: failure });
    trace.span?.end({ requestId, host, path: pathOf(req.url ?? ''), status, revision: revision?.number, code: failure?.code });
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

/** A request as it was sent, routed unless no route matches. */
function requestOf(
  req: IncomingMessage,
  match: RouteMatch<BoundRoute> | undefined,
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
    routeJson: match?.route.json ?? 'null',
    pathParams: match?.pathParams ?? {},
    targetPath: match === undefined ? target.path : targetPathOf(match, target.path),
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
