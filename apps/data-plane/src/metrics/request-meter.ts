import { type ErrorCode, errorTable } from '@torii/contracts';
import type { PluginCall, Trace } from '../pipeline/trace.js';
import type { UpstreamAttempt } from '../upstream/attempt.js';
import { attemptIndexOf, bump, cellOf, histogramOf, type Meter, observe, outcomeIndexOf, raise, statusIndexOf } from './meter.js';

export interface RequestEnd {
  readonly status: number;
  readonly durationMs: number;
  readonly code: ErrorCode | undefined;
}

const codeIndexes = new Map(Object.keys(errorTable).map((code, index) => [code, index]));
/** Where requests are counted that matched no route. */
const nobodysRow = 0;

const inFlight = cellOf('node', 'torii_requests_in_flight');
const handedOn = cellOf('node', 'torii_connections_handed_on_total');
const errors = cellOf('node', 'torii_errors_total');
const requestSeconds = histogramOf('node', 'torii_request_seconds');
const routeRequests = cellOf('route', 'torii_requests_total');
const calls = cellOf('plugin', 'torii_plugin_calls_total');
const requestBytes = cellOf('plugin', 'torii_plugin_request_bytes_total');
const memoryHigh = cellOf('plugin', 'torii_plugin_memory_high_bytes');
const queueSeconds = histogramOf('plugin', 'torii_plugin_queue_seconds');
const callSeconds = histogramOf('plugin', 'torii_plugin_call_seconds');
const attempts = cellOf('upstream', 'torii_upstream_requests_total');
const retries = cellOf('upstream', 'torii_upstream_retries_total');
const attemptSeconds = histogramOf('upstream', 'torii_upstream_seconds');

/** Counts what a request, the calls of its plugins and its tries at targets have cost, when it is over. */
export class RequestMeter {
  /** Where each target is counted, by its URL as routes have it. */
  upstreamRows: ReadonlyMap<string, number> = new Map();

  constructor(private readonly meter: Meter) {}

  begin(): void {
    bump(this.meter.node, inFlight, 1);
  }

  /** Counts a connection that is closed for the sake of the other threads. */
  handedOn(): void {
    bump(this.meter.node, handedOn, 1);
  }

  /** Counts a request that was refused before anything was done for it. */
  refused(code: ErrorCode, status: number): void {
    bump(this.meter.node, errors + (codeIndexes.get(code) ?? 0), 1);
    bump(this.meter.route(nobodysRow), routeRequests + statusIndexOf(status), 1);
  }

  end(trace: Trace, request: RequestEnd): void {
    const { node } = this.meter;
    bump(node, inFlight, -1);
    observe(node, requestSeconds, request.durationMs / 1000);
    if (request.code !== undefined) bump(node, errors + (codeIndexes.get(request.code) ?? 0), 1);
    bump(this.meter.route(trace.routeRow ?? nobodysRow), routeRequests + statusIndexOf(request.status), 1);
    this.countCalls(trace);
    let isRetry = false;
    for (const attempt of trace.upstreamAttempts) {
      this.countAttempt(attempt, isRetry);
      isRetry = true;
    }
  }

  /** Counts calls that were made for a message of a connection, which goes on. */
  countCalls({ calls: made }: Pick<Trace, 'calls'>): void {
    for (const call of made) this.countCall(call);
  }

  private countAttempt({ peerUrl, status, code, durationMs }: UpstreamAttempt, isRetry: boolean): void {
    const cells = this.meter.upstream(this.upstreamRows.get(peerUrl) ?? this.meter.upstreamOthersRow);
    bump(cells, attempts + attemptIndexOf(code, status), 1);
    if (isRetry) bump(cells, retries, 1);
    if (status !== undefined) observe(cells, attemptSeconds, durationMs / 1000);
  }

  private countCall({ row, code, bodyBytes, costs }: PluginCall): void {
    const cells = this.meter.plugin(row);
    bump(cells, calls + outcomeIndexOf(code), 1);
    bump(cells, requestBytes, bodyBytes);
    if (costs === undefined) return;
    raise(cells, memoryHigh, costs.memoryBytes);
    observe(cells, queueSeconds, costs.queueMs / 1000);
    observe(cells, callSeconds, costs.wallMs / 1000);
  }
}
