import { AppError, type ErrorCode, ownerOf, type ServedKind } from '@torii/contracts';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, callPlugin } from './call-plugin.js';
import { isGuestFailure } from './compat-rules.js';
import type { Exchange } from './exchange.js';
import type { ParsedOutput } from './parse-output.js';

export interface SlotCall<Output> {
  readonly slot: { readonly kind: ServedKind; readonly plugin: BoundPlugin; readonly isSkippable: boolean };
  /** Another function of the plugin than its own. */
  readonly functionName?: string;
  readonly bodyBytes: number;
  /** Makes the input. */
  readonly encode: () => string;
  /** Carries out what the output says, or throws and leaves the exchange as it was. */
  readonly read: (bytes: Uint8Array) => ParsedOutput<Output>;
  /** What Otoroshi makes of a plugin that failed, for one that is served its way; it may throw the error. */
  readonly asOtoroshi: (error: AppError) => Output;
}

/** Beside all that is the plugin's: it could not be called. */
const skipped: ReadonlySet<ErrorCode> = new Set(['capacity.pool_exhausted', 'config.compile_failed']);

/**
 * Calls the plugin of a slot. When it fails and the slot is to be skipped then, answers undefined, with the request as it
 * was before; a client that has gone, a request whose time is over and faults of ours are no failure of a plugin.
 */
export async function runSlot<Output>(context: CallContext, exchange: Exchange, call: SlotCall<Output>): Promise<Output | undefined> {
  const { slot, functionName, encode, bodyBytes, read, asOtoroshi } = call;
  const options = { kind: slot.kind, functionName, encode, bodyBytes, read };
  const isOtoroshis = slot.plugin.compat !== undefined;
  if (!slot.isSkippable && !isOtoroshis) return callPlugin(context, exchange, slot.plugin, options);
  const { attributes } = exchange;
  // The call has a copy to change: one that failed half-way must leave nothing behind.
  exchange.attributes = attributes.copy();
  try {
    return await callPlugin(context, exchange, slot.plugin, options);
  } catch (error) {
    exchange.attributes = attributes;
    const failure = AppError.from(error);
    const { code } = failure;
    if (context.deadline.remainingMs() <= 0) throw error;
    if (slot.isSkippable && (ownerOf(code) === 'plugin' || skipped.has(code))) return undefined;
    if (isOtoroshis && isGuestFailure(code)) return asOtoroshi(failure);
    throw error;
  }
}
