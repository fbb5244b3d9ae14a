import type { GatewayResponse } from '../pipeline/gateway-request.js';
import type { KeptText, RecordedCall } from '../pipeline/recorded-call.js';
import { requestChanges, responseChanges } from './message-changes.js';
import { nanoseconds, type Span, type Timeline } from './timeline.js';

/** What a call of a plugin says in the terms of Otoroshi's `result`. */
type ResultKind = 'successful' | 'allowed' | 'denied' | 'short-circuit' | 'failure' | 'excluded';

/** What a report says of one plugin. */
export interface PluginReport extends Span {
  readonly plugin: string;
  readonly name: string;
  readonly execution_debug: {
    readonly in: { readonly ctx: unknown };
    readonly out: { readonly result: { readonly kind: ResultKind }; readonly ctx: unknown };
  };
  readonly torii: { readonly kind: string; readonly version: number } & Readonly<Record<string, unknown>>;
}

/** One call of a plugin, in Otoroshi's form, with what we know beyond that under `torii`. */
export function pluginReport(call: RecordedCall, timeline: Timeline, responseBefore: GatewayResponse | undefined): PluginReport {
  const { pluginName, pluginVersion, kind } = call.plugin;
  return {
    plugin: pluginName,
    name: pluginName,
    ...timeline.span(call.startMs, call.stopMs),
    execution_debug: { in: { ctx: jsonOrText(call.input) }, out: { result: resultOf(call), ctx: jsonOrText(call.output) } },
    torii: {
      kind,
      version: pluginVersion,
      ...partsOf(call),
      ...changesOf(call, responseBefore),
      ...(call.failure === undefined ? {} : { error: call.failure }),
    },
  };
}

/** The response that the call made, or undefined. */
export function responseOf({ verdict }: RecordedCall): GatewayResponse | undefined {
  if (isResponse(verdict)) return verdict;
  const changed = typeof verdict === 'object' && verdict !== null && 'response' in verdict ? verdict.response : undefined;
  return isResponse(changed) ? changed : undefined;
}

function isResponse(value: unknown): value is GatewayResponse {
  return typeof value === 'object' && value !== null && 'status' in value && typeof value.status === 'number' && 'headers' in value;
}

function resultOf(call: RecordedCall): { kind: ResultKind } & Record<string, unknown> {
  const { kind } = call.plugin;
  if (call.failure !== undefined) return { kind: 'failure', error: { message: call.failure.detail, cause: call.failure.code, stack: [] } };
  if (typeof call.verdict === 'boolean') return { kind: call.verdict ? 'allowed' : 'denied' };
  const answer = responseOf(call);
  if (kind === 'access_validator') return answer === undefined ? { kind: 'allowed' } : { kind: 'denied', status: answer.status };
  if (answer === undefined) return { kind: 'successful' };
  const isAnswering = kind === 'backend' || kind === 'sink';
  const isLast = typeof call.verdict === 'object' && call.verdict !== null && 'isLast' in call.verdict ? call.verdict.isLast === true : !isAnswering;
  return isLast ? { kind: 'short-circuit', status: answer.status, headers: answer.headers } : { kind: 'successful', status: answer.status };
}

/** Where the time of the call went; all in nanoseconds. */
function partsOf(call: RecordedCall): Record<string, unknown> {
  const { input, output, lease, costs, hostCalls, lines } = call;
  return {
    input: { encode_ns: nanoseconds(call.encodeMs), bytes: input?.bytes ?? 0 },
    ...(lease === undefined ? {} : { queue: { wait_ns: nanoseconds(lease.waitMs - (lease.createMs ?? 0)) } }),
    // Modules are prepared when a configuration is taken over, never in a request.
    ...(lease === undefined
      ? {}
      : {
          instance: {
            state: lease.createMs === undefined ? 'warm' : 'cold',
            create_ns: nanoseconds(lease.createMs ?? 0),
            calls_before: lease.callsBefore,
          },
        }),
    ...(costs === undefined
      ? {}
      : {
          guest: {
            start_ns: nanoseconds((call.guestStartMs ?? call.startMs) - call.startMs),
            wall_ns: nanoseconds(costs.wallMs),
            cpu_ns: nanoseconds(costs.cpuMs),
            memory_bytes: costs.memoryBytes,
          },
          host: { calls: costs.hostCalls, http_calls: costs.httpCalls, bytes: costs.hostBytes, duration_ns: nanoseconds(costs.hostMs) },
        }),
    host_calls: hostCalls.map(({ name, startMs, durationMs, bytesIn, bytesOut }) => ({
      name,
      start_ns: nanoseconds(startMs),
      duration_ns: nanoseconds(durationMs),
      bytes_in: bytesIn,
      bytes_out: bytesOut,
    })),
    host_calls_left_out: call.hostCallsLeftOut,
    logs: lines.map(({ level, message, atMs }) => ({ level, message, at_ns: nanoseconds(atMs) })),
    output: { decode_ns: nanoseconds(call.decodeMs), bytes: output?.bytes ?? 0, lenient: call.isLenientOutput },
  };
}

function changesOf(call: RecordedCall, responseBefore: GatewayResponse | undefined): Record<string, unknown> {
  const { requestBefore, requestAfter, plugin } = call;
  const request = requestBefore === undefined || requestAfter === undefined ? undefined : requestChanges(requestBefore, requestAfter);
  const after = plugin.kind === 'response_transformer' ? responseOf(call) : undefined;
  const response = responseBefore === undefined || after === undefined ? undefined : responseChanges(responseBefore, after);
  if (request === undefined && response === undefined) return {};
  return { changes: { ...(request === undefined ? {} : { request }), ...(response === undefined ? {} : { response }) } };
}

/** Values that go deeper are shown as text: V8 cannot tell another thread of one that is some thousands deep. */
const nestingMax = 200;

/** JSON as such; what is none, was cut, or goes too deep, as text. */
function jsonOrText(kept: KeptText | undefined): unknown {
  if (kept === undefined) return null;
  try {
    const value: unknown = JSON.parse(kept.text);
    return isDeeper(value, nestingMax) ? kept.text : value;
  } catch {
    return kept.text;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}
