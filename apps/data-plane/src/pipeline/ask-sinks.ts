import { type AppError, SinkHandleOutput, SinkMatchesOutput, sinkMatchesFunction } from '@torii/contracts';
import { changeAttributes, withAddedHeaders } from './added-headers.js';
import { answerOf } from './apply-output.js';
import type { BoundPlugin } from './bound-plugin.js';
import { type CallContext, isInScope } from './call-plugin.js';
import { failureAnswer } from './compat-rules.js';
import type { Exchange } from './exchange.js';
import type { GatewayResponse } from './gateway-request.js';
import type { ParsedOutput } from './parse-output.js';
import { readOutput } from './read-output.js';
import type { SinkSlot } from './route-slots.js';
import { runSlot } from './run-slot.js';

/**
 * What the first sink answers that takes a request without a route; undefined when none does. One that fails and is to be
 * skipped is passed over, whether it was asked or was to answer.
 *
 * Throws `plugin.*`, `capacity.pool_exhausted`, `client.gone`, and what reading a body throws.
 */
export async function askSinks(context: CallContext, exchange: Exchange, sinks: readonly SinkSlot[]): Promise<GatewayResponse | undefined> {
  for (const slot of sinks) {
    if (!isInScope(context, slot, exchange)) continue;
    if ((await takes(context, exchange, slot)) !== true) continue;
    const answer = await answerBy(context, exchange, slot);
    if (answer !== undefined) return withAddedHeaders(answer, exchange.attributes);
  }
  return undefined;
}

function takes(context: CallContext, exchange: Exchange, slot: SinkSlot): Promise<boolean | undefined> {
  return runSlot(context, exchange, {
    slot,
    functionName: sinkMatchesFunction,
    bodyBytes: 0,
    encode: () => slot.encodeQuestion(exchange),
    read: (bytes) => readQuestion(slot.plugin, bytes),
    asOtoroshi: () => false,
  });
}

async function answerBy(context: CallContext, exchange: Exchange, slot: SinkSlot): Promise<GatewayResponse | undefined> {
  const { plugin } = slot;
  const body = await exchange.readBody(plugin.bodyMaxBytes);
  return runSlot<GatewayResponse>(context, exchange, {
    slot,
    bodyBytes: body.length,
    encode: () => slot.encodeInput(exchange),
    read: (bytes) => readAnswer(plugin, bytes, exchange),
    asOtoroshi: (error: AppError) => failureAnswer(plugin.compat?.failureStatus ?? error.status, error),
  });
}

function readQuestion(plugin: BoundPlugin, bytes: Uint8Array): ParsedOutput<boolean> {
  const { output, isLenient } = readOutput(plugin, bytes, SinkMatchesOutput);
  return { output: output.result, isLenient };
}

function readAnswer(plugin: BoundPlugin, bytes: Uint8Array, exchange: Exchange): ParsedOutput<GatewayResponse> {
  const { output, isLenient } = readOutput(plugin, bytes, SinkHandleOutput);
  const response = answerOf(output.status, output);
  changeAttributes(exchange.attributes, output.attrs);
  return { output: response, isLenient };
}
