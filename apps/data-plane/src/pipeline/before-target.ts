import { AccessValidatorOutput, AppError, PreRouteOutput, RequestTransformerOutput } from '@torii/contracts';
import { changeAttributes } from './added-headers.js';
import { answerOf } from './apply-output.js';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, isInScope, noteNotCalled } from './call-plugin.js';
import { changedRequest } from './change-request.js';
import { failureAnswer } from './compat-rules.js';
import type { Exchange } from './exchange.js';
import type { GatewayResponse } from './gateway-request.js';
import type { ParsedOutput } from './parse-output.js';
import { readOutput } from './read-output.js';
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
    if (!isInScope(context, slot, exchange)) continue;
    const bodyBytes = slot.kind === 'request_transformer' ? await readFor(context, exchange, slot) : 0;
    if (bodyBytes === undefined) continue;
    const { plugin } = slot;
    const answer = await runSlot<Verdict>(context, exchange, {
      slot,
      bodyBytes,
      encode: () => slot.encodeInput(exchange),
      read: (bytes) => readers[slot.kind](plugin, bytes, exchange),
      asOtoroshi: (error) => failureAnswer(plugin.compat?.failureStatus ?? error.status, error),
    });
    if (answer !== undefined) return answer;
  }
  return undefined;
}

/**
 * Reads the body that a transformer is called with and answers its length, or undefined when a transformer before has made
 * it too large for this one, and this one is to be skipped.
 */
async function readFor(context: CallContext, exchange: Exchange, slot: RequestSlot): Promise<number | undefined> {
  try {
    return (await exchange.readBody(slot.plugin.bodyMaxBytes)).length;
  } catch (error) {
    const { code } = AppError.from(error);
    if (code !== 'plugin.limit_exceeded') throw error;
    noteNotCalled(context, slot, code);
    if (!slot.isSkippable) throw error;
    return undefined;
  }
}

const readers = {
  pre_route: readPreRoute,
  access_validator: readAccessValidator,
  request_transformer: readRequestTransformer,
} satisfies Record<RequestSlot['kind'], (plugin: BoundPlugin, bytes: Uint8Array, exchange: Exchange) => ParsedOutput<Verdict>>;

function readPreRoute(plugin: BoundPlugin, bytes: Uint8Array, exchange: Exchange): ParsedOutput<Verdict> {
  const { output, isLenient } = readOutput(plugin, bytes, PreRouteOutput);
  const answer = output.error === true ? answerOf(output.status, output) : undefined;
  changeAttributes(exchange.attributes, output.attrs);
  return { output: answer, isLenient };
}

function readAccessValidator(plugin: BoundPlugin, bytes: Uint8Array, exchange: Exchange): ParsedOutput<Verdict> {
  const { output, isLenient } = readOutput(plugin, bytes, AccessValidatorOutput);
  changeAttributes(exchange.attributes, output.attrs);
  return { output: output.result ? undefined : refusal(output.error), isLenient };
}

function readRequestTransformer(plugin: BoundPlugin, bytes: Uint8Array, exchange: Exchange): ParsedOutput<Verdict> {
  const { output, isLenient } = readOutput(plugin, bytes, RequestTransformerOutput);
  if (output.error === true) {
    const answer = answerOf(output.status, output);
    changeAttributes(exchange.attributes, output.attrs);
    return { output: answer, isLenient };
  }
  const outgoing = changedRequest(exchange.outgoing, exchange.request.target.authority, output);
  changeAttributes(exchange.attributes, output.attrs);
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
