import { AppError, type ErrorCode, type ServedKind } from '@torii/contracts';
import type { Deadline, Logger } from '@torii/service-kit';
import type { CallerSignal } from '@torii/wasm-runtime';
import type { BoundPlugin } from './bound-plugin.js';
import type { Exchange } from './exchange.js';
import type { ParsedOutput } from './parse-output.js';
import type { PathScope } from './path-scope.js';
import type { PluginCall, Trace } from './trace.js';
import { observerOf } from './two-observers.js';

/** What calls of one request share. */
export interface CallContext {
  readonly deadline: Deadline;
  /** Aborted when the client goes. */
  readonly signal: CallerSignal;
  readonly trace: Trace;
  readonly log: Logger;
}

export interface PluginCallOptions<Output> {
  readonly kind: ServedKind;
  /** Another function of the plugin than its own. */
  readonly functionName?: string | undefined;
  /** Makes the input. */
  readonly encode: () => string;
  /** Of the request's body, as the input holds it. */
  readonly bodyBytes: number;
  /** Makes of the plugin's output what the call answers, or throws `plugin.bad_output`. */
  readonly read: (bytes: Uint8Array) => ParsedOutput<Output>;
}

/** Calls a plugin and notes in the trace what became of it. Throws what `InstancePool.call` and `read` throw. */
export async function callPlugin<Output>(
  context: CallContext,
  exchange: Exchange,
  plugin: BoundPlugin,
  { kind, functionName, encode, bodyBytes, read }: PluginCallOptions<Output>,
): Promise<Output> {
  const { deadline, signal, log, trace } = context;
  const { name: pluginName, version: pluginVersion, row, pool, running } = plugin;
  const call: PluginCall = { kind, pluginName, pluginVersion, row, bodyBytes, costs: undefined, code: undefined, isLenientOutput: false };
  const recorded = trace.recording?.call(call, exchange.outgoing);
  const span = trace.span?.call(call);
  const input = encode();
  recorded?.encoded(input);
  trace.calls.push(call);
  running.enter(row);
  try {
    const result = await pool.call(input, {
      functionName,
      requestId: exchange.request.id,
      deadline,
      signal,
      log,
      attributes: exchange.attributes,
      observer: observerOf(recorded, span),
      read: recorded === undefined ? read : (bytes) => recorded.decode(bytes, read),
    });
    call.costs = result;
    call.isLenientOutput = result.output.isLenient;
    return result.output.output;
  } catch (error) {
    call.code = AppError.from(error).code;
    recorded?.failed(error);
    throw error;
  } finally {
    running.leave(row);
    recorded?.end(exchange.outgoing);
    span?.end(call);
  }
}

/** Notes in the trace a slot that failed before its plugin could be called. */
export function noteNotCalled({ trace }: CallContext, slot: { readonly kind: ServedKind; readonly plugin: BoundPlugin }, code: ErrorCode): void {
  const { name: pluginName, version: pluginVersion, row } = slot.plugin;
  const call: PluginCall = { kind: slot.kind, pluginName, pluginVersion, row, bodyBytes: 0, costs: undefined, code, isLenientOutput: false };
  trace.calls.push(call);
  trace.recording?.notCalled(call, new AppError(code));
}

interface ScopedSlot {
  readonly kind: ServedKind;
  readonly plugin: BoundPlugin;
  readonly scope: PathScope | undefined;
}

/** Whether the path of the request is one of the slot's. */
export function isInScope({ trace }: CallContext, { kind, plugin, scope }: ScopedSlot, exchange: Exchange): boolean {
  if (scope === undefined || scope.has(exchange.request.target)) return true;
  trace.recording?.skip({ kind, pluginName: plugin.name, pluginVersion: plugin.version });
  return false;
}
