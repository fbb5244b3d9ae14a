import { AppError, type ErrorCode, type ServedKind } from '@torii/contracts';
import type { Deadline, Logger } from '@torii/service-kit';
import type { CallerSignal } from '@torii/wasm-runtime';
import type { BoundPlugin } from './bound-plugin.js';
import type { Exchange } from './exchange.js';
import type { ParsedOutput } from './parse-output.js';
import type { PluginCall, Trace } from './trace.js';

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
  readonly input: string;
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
  { kind, input, bodyBytes, read }: PluginCallOptions<Output>,
): Promise<Output> {
  const { deadline, signal, log, trace } = context;
  const { name: pluginName, version: pluginVersion, row, pool, running } = plugin;
  const call: PluginCall = { kind, pluginName, pluginVersion, row, bodyBytes, costs: undefined, code: undefined, isLenientOutput: false };
  trace.calls.push(call);
  running.enter(row);
  try {
    const result = await pool.call(input, { requestId: exchange.request.id, deadline, signal, log, attributes: exchange.attributes, read });
    call.costs = result;
    call.isLenientOutput = result.output.isLenient;
    return result.output.output;
  } catch (error) {
    call.code = AppError.from(error).code;
    throw error;
  } finally {
    running.leave(row);
  }
}

/** Notes in the trace a slot that failed before its plugin could be called. */
export function noteNotCalled({ trace }: CallContext, slot: { readonly kind: ServedKind; readonly plugin: BoundPlugin }, code: ErrorCode): void {
  const { name: pluginName, version: pluginVersion, row } = slot.plugin;
  trace.calls.push({ kind: slot.kind, pluginName, pluginVersion, row, bodyBytes: 0, costs: undefined, code, isLenientOutput: false });
}
