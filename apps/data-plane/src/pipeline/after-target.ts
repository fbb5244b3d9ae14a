import { AppError, ResponseTransformerOutput } from '@torii/contracts';
import { changeAttributes } from './added-headers.js';
import { answerOf } from './apply-output.js';
import { type CallContext, noteNotCalled } from './call-plugin.js';
import { changedResponse } from './change-response.js';
import type { Exchange } from './exchange.js';
import type { GatewayResponse } from './gateway-request.js';
import { bytesOf } from './output-body.js';
import { type ParsedOutput, parseOutput } from './parse-output.js';
import { ResponseTexts } from './response-texts.js';
import type { ResponseSlot } from './route-slots.js';
import { runSlot } from './run-slot.js';

/**
 * Runs the slots after the target. The first that answers in its place ends it.
 *
 * Throws `plugin.*`, `capacity.pool_exhausted` and `client.gone`; `plugin.limit_exceeded` for a body that is larger than
 * the plugin's `requestMaxBytes`.
 */
export async function runAfterTarget(
  context: CallContext,
  exchange: Exchange,
  response: GatewayResponse,
  slots: readonly ResponseSlot[],
): Promise<GatewayResponse> {
  let current = response;
  let texts: ResponseTexts | undefined;
  for (const slot of slots) {
    if (slot.scope !== undefined && !slot.scope.has(exchange.request.target)) continue;
    const maxBytes = slot.plugin.bodyMaxBytes;
    if (bytesOf(current.body ?? '').length > maxBytes) {
      const detail = `the response is larger than the ${maxBytes} bytes that plugin ${slot.plugin.name} takes`;
      const error = new AppError('plugin.limit_exceeded', { detail });
      noteNotCalled(context, slot, error.code);
      if (slot.isSkippable) continue;
      throw error;
    }
    texts ??= new ResponseTexts(response);
    texts.change(current);
    const { encodeInput } = slot;
    const [seen, before] = [texts, current];
    const outcome = await runSlot(context, exchange, {
      slot,
      bodyBytes: 0,
      encode: () => encodeInput(exchange, seen),
      read: (bytes) => readOutput(bytes, exchange, before),
    });
    if (outcome === undefined) continue;
    if (outcome.isLast) return outcome.response;
    current = outcome.response;
  }
  return current;
}

interface Outcome {
  readonly response: GatewayResponse;
  /** It takes the place of the target's, and no other transformer sees it. */
  readonly isLast: boolean;
}

/** What a transformer answers instead, unless it says otherwise. */
const answerStatus = 500;

function readOutput(bytes: Uint8Array, exchange: Exchange, before: GatewayResponse): ParsedOutput<Outcome> {
  const { output, isLenient } = parseOutput(bytes, ResponseTransformerOutput);
  const isLast = output.error === true;
  const response = isLast ? answerOf(output.status ?? answerStatus, output) : changedResponse(before, output);
  changeAttributes(exchange.attributes, output.attrs);
  return { output: { response, isLast }, isLenient };
}
