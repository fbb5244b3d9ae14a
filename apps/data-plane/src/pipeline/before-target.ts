import { AccessValidatorOutput, type AttributeChanges, PreRouteOutput, RequestTransformerOutput } from '@torii/contracts';
import { answerOf } from './apply-output.js';
import type { CallContext } from './call-plugin.js';
import { changedRequest } from './change-request.js';
import type { Exchange } from './exchange.js';
import type { GatewayResponse } from './gateway-request.js';
import { type ParsedOutput, parseOutput } from './parse-output.js';
import type { RequestSlot } from './route-slots.js';
import { runSlot } from './run-slot.js';

/** What a slot before the target says: this is the answer, or go on. */
type Verdict = GatewayResponse | undefined;

/**
 * Runs the slots before the target. The first that answers ends it; undefined when the target is to answer.
 *
 * Throws `plugin.*`, `capacity.pool_exhausted`, `client.gone`, and what reading a body throws.
 */
export async function runBeforeTarget(context: CallContext, exchange: Exchange, slots: readonly RequestSlot[]): Promise<Verdict> {
  for (const slot of slots) {
    if (slot.scope !== undefined && !slot.scope.has(exchange.request.target)) continue;
    const bodyBytes = slot.kind === 'request_transformer' ? (await exchange.readBody(slot.plugin.bodyMaxBytes)).length : 0;
    const read = (bytes: Uint8Array): ParsedOutput<Verdict> => readers[slot.kind](bytes, exchange);
    const answer = await runSlot(context, exchange, { slot, bodyBytes, encode: () => slot.encodeInput(exchange), read });
    if (answer !== undefined) return answer;
  }
  return undefined;
}

const readers = {
  pre_route: readPreRoute,
  access_validator: readAccessValidator,
  request_transformer: readRequestTransformer,
} satisfies Record<RequestSlot['kind'], (bytes: Uint8Array, exchange: Exchange) => ParsedOutput<Verdict>>;

function readPreRoute(bytes: Uint8Array, exchange: Exchange): ParsedOutput<Verdict> {
  const { output, isLenient } = parseOutput(bytes, PreRouteOutput);
  const answer = output.error === true ? answerOf(output.status, output) : undefined;
  change(exchange, output.attrs);
  return { output: answer, isLenient };
}

function readAccessValidator(bytes: Uint8Array, exchange: Exchange): ParsedOutput<Verdict> {
  const { output, isLenient } = parseOutput(bytes, AccessValidatorOutput);
  change(exchange, output.attrs);
  return { output: output.result ? undefined : refusal(output.error), isLenient };
}

function readRequestTransformer(bytes: Uint8Array, exchange: Exchange): ParsedOutput<Verdict> {
  const { output, isLenient } = parseOutput(bytes, RequestTransformerOutput);
  if (output.error === true) {
    const answer = answerOf(output.status, output);
    change(exchange, output.attrs);
    return { output: answer, isLenient };
  }
  const outgoing = changedRequest(exchange.outgoing, exchange.request.target.authority, output);
  change(exchange, output.attrs);
  exchange.change(outgoing);
  return { output: undefined, isLenient };
}

function refusal(error: AccessValidatorOutput['error']): GatewayResponse {
  return {
    status: error?.status ?? 403,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ error: error?.message ?? 'access was denied' }),
  };
}

function change(exchange: Exchange, attrs: AttributeChanges | null | undefined): void {
  if (attrs != null) exchange.attributes.apply(attrs);
}
