import type { AppError } from '@torii/contracts';
import { InfoLines, type Logger } from '@torii/service-kit';
import { jsonString } from '../pipeline/json-text.js';
import type { Trace } from '../pipeline/trace.js';
import type { ThreadTail } from '../tail/thread-tail.js';

export interface AccessEntry {
  readonly requestId: string;
  readonly method: string;
  readonly host: string;
  /** Without the query: its values may be secrets. */
  readonly path: string;
  readonly status: number;
  readonly durationMs: number;
  readonly revision: number | undefined;
  readonly error: AppError | undefined;
}

export interface AccessLogOptions {
  /** Who else is told of requests. */
  readonly tail?: Pick<ThreadTail, 'isFollowed' | 'offer'>;
  /** Share of requests that have a line, by chance; those answered with 5xx all have one. */
  readonly sample?: number;
}

const message = 'request';
const serverErrorStatus = 500;

/** One line per request. Faults of ours are errors, all others facts. */
export class AccessLog {
  private readonly facts: InfoLines;
  private readonly tail: AccessLogOptions['tail'];
  private readonly sample: number;

  constructor(
    private readonly log: Logger,
    { tail, sample = 1 }: AccessLogOptions = {},
  ) {
    this.tail = tail;
    this.sample = sample;
    this.facts = new InfoLines(log, message);
  }

  write(entry: AccessEntry, trace: Trace): void {
    const { error } = entry;
    if (this.tail?.isFollowed === true) this.tail.offer(entry, trace, () => fieldsOf(entry, trace));
    if (error?.owner === 'platform') this.log.error({ ...fieldsOf(entry, trace), err: error.cause }, message);
    else if (this.facts.isEnabled && this.isLogged(entry)) this.facts.write(jsonFieldsOf(entry, trace));
  }

  private isLogged({ status }: AccessEntry): boolean {
    return this.sample === 1 || status >= serverErrorStatus || Math.random() < this.sample;
  }
}

/** The fields of a line, in their order. */
export function fieldsOf({ requestId, method, host, path, status, durationMs, revision, error }: AccessEntry, trace: Trace): Record<string, unknown> {
  const costs = costsOf(trace);
  return {
    requestId,
    traceId: trace.span?.traceId,
    method,
    host,
    path,
    status,
    durationMs: round(durationMs),
    revision,
    route: trace.routeName,
    plugin: trace.pluginName,
    pluginVersion: trace.pluginVersion,
    upstream: trace.upstreamAttempts.at(-1)?.peerUrl,
    attempts: trace.upstreamAttempts.length > 1 ? trace.upstreamAttempts.length : undefined,
    cpuMs: costs?.cpuMs,
    hostCalls: costs?.hostCalls,
    httpCalls: costs?.httpCalls,
    lenientOutput: trace.calls.some((call) => call.isLenientOutput) ? true : undefined,
    slots: slotsOf(trace),
    messages: messagesOf(trace),
    code: error?.code,
    owner: error?.owner,
    detail: error?.detail,
  };
}

/** The same fields, in the same order, as they stand in the line. */
function jsonFieldsOf(entry: AccessEntry, trace: Trace): string {
  const { error } = entry;
  const { routeName, pluginName, pluginVersion, upstreamAttempts } = trace;
  const lastAttempt = upstreamAttempts.at(-1);
  const costs = costsOf(trace);
  const slots = slotsOf(trace);
  const traceIdField = trace.span === undefined ? '' : `,"traceId":"${trace.span.traceId}"`;
  let fields =
    `,"requestId":${jsonString(entry.requestId)}${traceIdField},"method":${jsonString(entry.method)},"host":${jsonString(entry.host)}` +
    `,"path":${jsonString(entry.path)},"status":${entry.status},"durationMs":${round(entry.durationMs)}`;
  if (entry.revision !== undefined) fields += `,"revision":${entry.revision}`;
  if (routeName !== undefined) fields += `,"route":${jsonString(routeName)}`;
  if (pluginName !== undefined) fields += `,"plugin":${jsonString(pluginName)}`;
  if (pluginVersion !== undefined) fields += `,"pluginVersion":${pluginVersion}`;
  if (lastAttempt !== undefined) fields += `,"upstream":${jsonString(lastAttempt.peerUrl)}`;
  if (upstreamAttempts.length > 1) fields += `,"attempts":${upstreamAttempts.length}`;
  if (costs !== undefined) fields += `,"cpuMs":${costs.cpuMs},"hostCalls":${costs.hostCalls},"httpCalls":${costs.httpCalls}`;
  if (trace.calls.some((call) => call.isLenientOutput)) fields += ',"lenientOutput":true';
  if (slots !== undefined) fields += `,"slots":${JSON.stringify(slots)}`;
  if (trace.messages !== undefined) fields += `,"messages":${JSON.stringify(messagesOf(trace))}`;
  if (error !== undefined) fields += `,"code":"${error.code}","owner":"${error.owner}"`;
  if (error?.detail !== undefined) fields += `,"detail":${jsonString(error.detail)}`;
  return fields;
}

interface Costs {
  cpuMs: number;
  hostCalls: number;
  httpCalls: number;
}

/** Of all calls of the request that came to an end; undefined when none did. */
function costsOf({ calls }: Trace): Costs | undefined {
  let sum: Costs | undefined;
  for (const { costs } of calls) {
    if (costs === undefined) continue;
    sum ??= { cpuMs: 0, hostCalls: 0, httpCalls: 0 };
    sum.cpuMs += costs.cpuMs;
    sum.hostCalls += costs.hostCalls;
    sum.httpCalls += costs.httpCalls;
  }
  if (sum !== undefined) sum.cpuMs = round(sum.cpuMs);
  return sum;
}

/** The calls beside the target's, in their order; undefined when there was none. */
function slotsOf({ calls }: Trace): object[] | undefined {
  if (calls.length === 0 || (calls.length === 1 && calls[0]?.kind === 'backend')) return undefined;
  return calls
    .filter(({ kind }) => kind !== 'backend')
    .map(({ kind, pluginName, pluginVersion, costs, code }) => ({
      kind,
      plugin: pluginName,
      pluginVersion,
      cpuMs: costs === undefined ? undefined : round(costs.cpuMs),
      code,
    }));
}

/** What went over a WebSocket; undefined where plugins see no messages. */
function messagesOf({ messages }: Trace): object | undefined {
  return messages === undefined ? undefined : { ...messages, cpuMs: round(messages.cpuMs) };
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
