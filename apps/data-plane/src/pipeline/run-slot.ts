import { AppError, type ErrorCode, ownerOf, type SlotKind } from '@torii/contracts';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, callPlugin } from './call-plugin.js';
import type { Exchange } from './exchange.js';
import type { ParsedOutput } from './parse-output.js';

export interface SlotCall<Output> {
  readonly slot: { readonly kind: SlotKind; readonly plugin: BoundPlugin; readonly isSkippable: boolean };
  readonly bodyBytes: number;
  /** Makes the input. */
  readonly encode: () => string;
  /** Carries out what the output says, or throws and leaves the exchange as it was. */
  readonly read: (bytes: Uint8Array) => ParsedOutput<Output>;
}

/** Beside all that is the plugin's: it could not be called. */
const skipped: ReadonlySet<ErrorCode> = new Set(['capacity.pool_exhausted', 'config.compile_failed']);

/**
 * Calls the plugin of a slot. When it fails and the slot is to be skipped then, answers undefined, with the request as it
 * was before; a client that has gone, a request whose time is over and faults of ours are no failure of a plugin.
 */
export async function runSlot<Output>(
  context: CallContext,
  exchange: Exchange,
  { slot, bodyBytes, encode, read }: SlotCall<Output>,
): Promise<Output | undefined> {
  const options = { kind: slot.kind, input: encode(), bodyBytes, read };
  if (!slot.isSkippable) return callPlugin(context, exchange, slot.plugin, options);
  const { attributes } = exchange;
  // The call has a copy to change: one that failed half-way must leave nothing behind.
  exchange.attributes = attributes.copy();
  try {
    return await callPlugin(context, exchange, slot.plugin, options);
  } catch (error) {
    exchange.attributes = attributes;
    const { code } = AppError.from(error);
    if (context.deadline.remainingMs() <= 0 || !(ownerOf(code) === 'plugin' || skipped.has(code))) throw error;
    return undefined;
  }
}
