import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, requestIdHeader } from '@torii/contracts';
import { type Clock, Deadline, type Logger } from '@torii/service-kit';
import type { ActiveRevision } from '../config/active-revision.js';
import type { RequestMeter } from '../metrics/request-meter.js';
import { runPipeline } from '../pipeline/run-pipeline.js';
import { Trace } from '../pipeline/trace.js';
import { parseRequestTarget } from '../routing/request-target.js';
import type { Tracing } from '../telemetry/tracing.js';
import type { Inspector } from '../tester/inspector.js';
import type { WebSocketLimits } from '../websocket/message-relay.js';
import type { AccessLog } from './access-log.js';
import type { BodyBudget } from './body-budget.js';
import { ClientSignal } from './client-signal.js';
import type { ConnectionShare } from './connection-share.js';
import { findRoute } from './find-route.js';
import { hostOf, requestIdOf } from './headers.js';
import type { LoadShedder } from './load-shedder.js';
import type { OverloadRefusal } from './overload-refusal.js';
import { ReceivedRequest } from './received-request.js';
import { RequestBody } from './request-body.js';
import { markStreaming } from './streaming.js';
import { type ClientUpgrade, writeUpgraded } from './upgrade.js';
import { hasBegun, writeInterim, writeProblem, writeResponse } from './write-response.js';

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
  readonly webSockets: WebSocketLimits;
  /** Undefined where no traces are sent. */
  readonly tracing?: Pick<Tracing, 'begin'> | undefined;
}

/** What the listener has seen of a request. */
export interface RequestSigns {
  /** Of one that wants another protocol. */
  readonly upgrade?: ClientUpgrade;
  /** Why it cannot be told where the request ends; it is refused with that. */
  readonly fault?: string;
}

const noSigns: RequestSigns = {};

/**
 * Serves one request on the revision that was active when it arrived.
 *
 * Holding on to the revision keeps a change from swapping the rules half-way, and keeps its instances alive until the
 * last request that uses them is done.
 */
export async function handleRequest(
  req: IncomingMessage,
  res: ServerResponse,
  deps: RequestDeps,
  { upgrade, fault }: RequestSigns = noSigns,
): Promise<void> {
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
  const body = new RequestBody(req, res, { budget: deps.bodyBudget, deadline, recording: trace.recording });
  let host = req.headers.host ?? '';
  let failure: AppError | undefined;
  deps.meter.begin();
  try {
    if (revision === undefined) throw new AppError('config.not_ready', { detail: 'this node waits for its first configuration' });
    if (fault !== undefined) throw new AppError('client.bad_request', { detail: fault });
    const target = parseRequestTarget(req.url ?? '/', hostOf(req));
    host = target.authority;
    const calls = { deadline, signal: new ClientSignal(res), trace, log: deps.log };
    const request = new ReceivedRequest(req, requestId, target, body);
    trace.recording?.stage('start-handling', trace.startedAtMs);
    const found = findRoute({ revision, request, calls, inspection });
    const routed = found instanceof Promise ? await found : found;
    if ('answer' in routed) {
      await writeResponse(req, res, routed.answer, requestId);
      return;
    }
    const { match, attributes } = routed;
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
      request: request.on(match),
      body,
      attributes,
      slots,
      target: answering,
      onInterim: (answer) => writeInterim(req, res, answer),
      upgradeTo: upgrade?.protocol,
    });
    if ('tunnel' in response) await writeUpgraded(res, upgrade, response, { requestId, trace, deps });
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
    body.release();
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

function pathOf(url: string): string {
  const queryAt = url.indexOf('?');
  return queryAt === -1 ? url : url.slice(0, queryAt);
}
