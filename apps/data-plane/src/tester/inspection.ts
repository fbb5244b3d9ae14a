import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AppError, type Report, reportHeader, testerLimits } from '@torii/contracts';
import type { Clock, Logger } from '@torii/service-kit';
import type { ActiveRevision, BoundRoute, RetainedRevision } from '../config/active-revision.js';
import { hostOf } from '../http/headers.js';
import { Recording } from '../pipeline/recording.js';
import type { Trace } from '../pipeline/trace.js';
import type { RouteExplanation } from '../routing/explain-routes.js';
import { parseRequestTarget } from '../routing/request-target.js';
import type { RouteMatch } from '../routing/route-table.js';
import { reportOf } from './report-of.js';

export interface InspectionOptions {
  readonly id: string;
  readonly nodeId: string;
  readonly thread: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Id of the only route whose requests may be reported; undefined for all. */
  readonly onlyRoute: string | undefined;
  /** Served instead of the active revision. */
  readonly draft: ActiveRevision | undefined;
  /** Called once, when the request is over; without a report when there is none to be had. */
  readonly deliver: (report: Report | undefined) => void;
}

/** How a request that was inspected ended. */
export interface InspectedEnd {
  readonly req: IncomingMessage;
  readonly trace: Pick<Trace, 'upstreamAttempts'>;
  readonly requestId: string;
  readonly revision: Pick<RetainedRevision, 'number' | 'routeTable'> | undefined;
  readonly status: number;
  readonly error: AppError | undefined;
}

/** One request that is watched from its first step to its last. */
export class Inspection {
  readonly recording: Recording;
  private readonly asked: BoundRoute[] = [];
  private match: RouteMatch<BoundRoute> | undefined;
  private isWanted = true;

  constructor(private readonly options: InspectionOptions) {
    this.recording = new Recording(options.clock);
  }

  /** The revision that the request is served on. */
  retain(active: ActiveRevision): RetainedRevision | undefined {
    return (this.options.draft ?? active).retain();
  }

  /** Notes that a route's matchers are asked. */
  asks(route: BoundRoute): void {
    this.asked.push(route);
  }

  /** Notes the route that gets the request. Only when it is the one that the report may be about is a report promised. */
  found(match: RouteMatch<BoundRoute>, res: ServerResponse): void {
    this.match = match;
    this.noteRouting(this.recording.nowMs());
    const { id, onlyRoute } = this.options;
    if (onlyRoute === undefined) return;
    this.isWanted = onlyRoute === match.route.id;
    if (this.isWanted) res.setHeader(reportHeader, id);
  }

  /** Makes the report, after the response is sent; it is delivered when the thread has come to it. Never throws. */
  close(end: InspectedEnd): void {
    const stopMs = this.recording.nowMs();
    const { deliver, log } = this.options;
    this.reportWanted(end, stopMs)
      .catch((error: unknown) => {
        log.error({ err: error, requestId: end.requestId }, 'report not made');
        return undefined;
      })
      .then(deliver)
      .catch((error: unknown) => log.error({ err: error, requestId: end.requestId }, 'report not delivered'));
  }

  private async reportWanted(end: InspectedEnd, stopMs: number): Promise<Report | undefined> {
    if (this.match === undefined) this.noteRouting(this.firstCallMs ?? stopMs);
    return this.mayTell ? this.report(end, stopMs) : undefined;
  }

  /** Finding a route begins when the request is read, and ends with the route, or without. */
  private noteRouting(stopMs: number): void {
    const { steps } = this.recording;
    const read = steps.find((step) => step.type === 'stage' && step.task === 'start-handling');
    if (read?.type !== 'stage') return;
    this.recording.addStage({ task: 'find-route', startMs: read.stopMs, stopMs, facts: this.routingFacts });
  }

  private get routingFacts(): Readonly<Record<string, unknown>> {
    const { pathParams = {}, chosenBy } = this.match ?? {};
    return chosenBy === undefined ? { params: pathParams } : { params: pathParams, chosen_by: chosenBy };
  }

  /** Of the plugins that answer what no route matches. */
  private get firstCallMs(): number | undefined {
    const call = this.recording.steps.find((step) => step.type === 'call' && step.plugin.kind === 'sink');
    return call?.type === 'call' ? call.startMs : undefined;
  }

  /** A request that found no route is nobody's. */
  private get mayTell(): boolean {
    return this.isWanted && (this.options.onlyRoute === undefined || this.match !== undefined);
  }

  private async report({ req, trace, requestId, revision, status, error }: InspectedEnd, stopMs: number): Promise<Report> {
    const { id, nodeId, thread, draft } = this.options;
    const { recording, match } = this;
    const [path = ''] = (req.url ?? '').split('?', 1);
    return reportOf({
      id,
      recording,
      stopMs,
      request: { id: requestId, method: req.method ?? '', host: req.headers.host ?? '', path },
      route: match === undefined ? undefined : { id: match.route.id, name: match.route.name },
      routing: await this.explain(req, revision),
      attempts: trace.upstreamAttempts,
      status,
      error,
      place: { node: nodeId, thread, revision: revision?.number ?? null, draft: draft !== undefined },
    });
  }

  private async explain(req: IncomingMessage, revision: InspectedEnd['revision']): Promise<RouteExplanation | undefined> {
    if (revision === undefined) return undefined;
    const { route: chosen, chosenBy } = this.match ?? {};
    const refused = new Set(this.asked.filter((route) => route !== chosen));
    try {
      const target = parseRequestTarget(req.url ?? '/', hostOf(req));
      return await revision.routeTable.explain({ target, head: req, chosen, refused, chosenBy }, testerLimits.candidatesMax);
    } catch {
      return undefined; // no route was looked for either
    }
  }
}
