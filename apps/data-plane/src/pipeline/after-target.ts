import { AppError, ResponseTransformerOutput } from '@torii/contracts';
import type { StreamedResponse } from '../upstream/streamed-response.js';
import { changeAttributes } from './added-headers.js';
import { allowsBody, answerOf } from './apply-output.js';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, isInScope, noteNotCalled } from './call-plugin.js';
import { changedResponse } from './change-response.js';
import { failureAnswer } from './compat-rules.js';
import type { Exchange } from './exchange.js';
import type { AnyResponse, GatewayResponse } from './gateway-request.js';
import { bytesOf } from './output-body.js';
import type { ParsedOutput } from './parse-output.js';
import { readOutput } from './read-output.js';
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
  response: AnyResponse,
  slots: readonly ResponseSlot[],
): Promise<AnyResponse> {
  if ('tunnel' in response) return response;
  let current: GatewayResponse | StreamedResponse = response;
  let texts: ResponseTexts | undefined;
  for (const slot of slots) {
    if (!isInScope(context, slot, exchange)) continue;
    const maxBytes = slot.plugin.bodyMaxBytes;
    const before = 'stream' in current ? await readWhole(context, exchange, current, maxBytes) : current;
    if (before === undefined || bytesOf(before.body ?? '').length > maxBytes) {
      const detail = `the response is larger than the ${maxBytes} bytes that plugin ${slot.plugin.name} takes`;
      const error = new AppError('plugin.limit_exceeded', { detail });
      noteNotCalled(context, slot, error.code);
      if (slot.isSkippable) continue;
      throw error;
    }
    texts ??= new ResponseTexts(before);
    texts.change(before);
    const { encodeInput, plugin } = slot;
    const seen = texts;
    current = before;
    const outcome = await runSlot(context, exchange, {
      slot,
      bodyBytes: 0,
      encode: () => encodeInput(exchange, seen),
      read: (bytes) => readOutcome(plugin, bytes, exchange, before),
      asOtoroshi: (error) => ({ response: failureAnswer(plugin.compat?.failureStatus ?? error.status, error), isLast: true }),
    });
    if (outcome === undefined) continue;
    if (outcome.isLast) return outcome.response;
    current = outcome.response;
  }
  // The length that an answer to HEAD tells is that of a body nobody has seen.
  return exchange.outgoing.method === 'HEAD' && 'stream' in response && 'body' in current ? { ...current, body: undefined } : current;
}

/**
 * Takes the body of an upstream's answer into memory for a plugin. Undefined when it is larger than the plugin takes; it can still be sent
 * on. Throws what broke it off, `upstream.deadline_exceeded` when it does not end in the time of the request, `capacity.overloaded`.
 */
async function readWhole(
  { deadline }: CallContext,
  exchange: Exchange,
  { status, headers, stream }: StreamedResponse,
  maxBytes: number,
): Promise<GatewayResponse | undefined> {
  const body = await stream.collect({ maxBytes, hold: (bytes) => exchange.hold(bytes), timeoutMs: deadline.remainingMs() });
  if (body === undefined) return undefined;
  const { trailer: _afterIt, ...kept } = headers;
  if (exchange.outgoing.method === 'HEAD' || !allowsBody(status)) return { status, headers: kept, body: undefined };
  const { 'content-length': _ofTheStream, ...others } = kept;
  return { status, headers: others, body };
}

interface Outcome {
  readonly response: GatewayResponse;
  /** It takes the place of the target's, and no other transformer sees it. */
  readonly isLast: boolean;
}

/** What a transformer answers instead, unless it says otherwise. */
const answerStatus = 500;

function readOutcome(plugin: BoundPlugin, bytes: Uint8Array, exchange: Exchange, before: GatewayResponse): ParsedOutput<Outcome> {
  const { output, isLenient } = readOutput(plugin, bytes, ResponseTransformerOutput);
  const isLast = output.error === true;
  const status = output.status ?? (isLast ? answerStatus : plugin.compat?.changedStatus);
  const response = isLast ? answerOf(status ?? answerStatus, output) : changedResponse(before, { ...output, status });
  changeAttributes(exchange.attributes, output.attrs);
  return { output: { response, isLast }, isLenient };
}
