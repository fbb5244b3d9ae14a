import { RouteMatcherOutput } from '@torii/contracts';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, isInScope } from './call-plugin.js';
import type { Exchange } from './exchange.js';
import type { ParsedOutput } from './parse-output.js';
import { readOutput } from './read-output.js';
import type { MatcherSlot } from './route-slots.js';
import { runSlot } from './run-slot.js';

/**
 * Whether all matchers of a route say that the request is for it. One that fails and is to be skipped counts as one that
 * says no. Throws `plugin.*`, `capacity.pool_exhausted` and `client.gone`.
 */
export async function isMeant(context: CallContext, exchange: Exchange, matchers: readonly MatcherSlot[]): Promise<boolean> {
  for (const slot of matchers) {
    if (!isInScope(context, slot, exchange)) continue;
    const encode = (): string => slot.encodeInput(exchange);
    const isFit = await runSlot(context, exchange, {
      slot,
      bodyBytes: 0,
      encode,
      read: (bytes) => readMatcher(slot.plugin, bytes),
      asOtoroshi: () => false,
    });
    if (isFit !== true) return false;
  }
  return true;
}

function readMatcher(plugin: BoundPlugin, bytes: Uint8Array): ParsedOutput<boolean> {
  const { output, isLenient } = readOutput(plugin, bytes, RouteMatcherOutput);
  return { output: output.result, isLenient };
}
