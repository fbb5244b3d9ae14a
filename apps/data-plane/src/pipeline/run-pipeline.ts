import { BackendOutput } from '@torii/contracts';
import { changeAttributes, withAddedHeaders } from './added-headers.js';
import { runAfterTarget } from './after-target.js';
import { applyOutput } from './apply-output.js';
import { runBeforeTarget } from './before-target.js';
import { type CallContext, callPlugin } from './call-plugin.js';
import { type BodySource, Exchange } from './exchange.js';
import type { GatewayRequest, GatewayResponse } from './gateway-request.js';
import { type ParsedOutput, parseOutput } from './parse-output.js';
import { plainBackendOutput } from './plain-output.js';
import type { RouteSlots } from './route-slots.js';
import type { FunctionTarget, RouteTarget } from './route-target.js';

export interface PipelineRun extends CallContext {
  readonly request: GatewayRequest;
  readonly body: BodySource;
  /** Undefined for a route without. */
  readonly slots: RouteSlots | undefined;
  readonly target: RouteTarget;
}

/**
 * Answers a request: the slots before the target, the target unless one of them has answered, the slots after it.
 *
 * Throws `plugin.*`, `capacity.pool_exhausted`, `client.gone` and what reading a body throws; a response is whole and valid
 * or there is none.
 */
export async function runPipeline(run: PipelineRun): Promise<GatewayResponse> {
  const { target, slots } = run;
  if (slots === undefined && target.kind === 'fixed') return target.response;
  const exchange = new Exchange(run.request, run.body);
  const response = slots === undefined ? await ask(run, exchange) : await runSteps(run, exchange, slots);
  return withAddedHeaders(response, exchange.attributes);
}

async function runSteps(run: PipelineRun, exchange: Exchange, slots: RouteSlots): Promise<GatewayResponse> {
  const answer = await runBeforeTarget(run, exchange, slots.request);
  if (answer !== undefined) return answer;
  return runAfterTarget(run, exchange, await ask(run, exchange), slots.response);
}

/** Has the target answer. */
function ask(run: PipelineRun, exchange: Exchange): GatewayResponse | Promise<GatewayResponse> {
  switch (run.target.kind) {
    case 'fixed':
      return run.target.response;
    case 'function':
      return callFunction(run, exchange, run.target);
  }
}

function callFunction(run: PipelineRun, exchange: Exchange, { plugin, encodeInput }: FunctionTarget): Promise<GatewayResponse> {
  const callWith = (body: Uint8Array): Promise<GatewayResponse> =>
    callPlugin(run, exchange, plugin, {
      kind: 'backend',
      input: encodeInput(exchange),
      bodyBytes: body.length,
      read: (bytes) => readBackendOutput(bytes, exchange),
    });
  const body = exchange.readBody(plugin.bodyMaxBytes);
  return body instanceof Uint8Array ? callWith(body) : body.then(callWith);
}

function readBackendOutput(bytes: Uint8Array, exchange: Exchange): ParsedOutput<GatewayResponse> {
  const { output, isLenient } = parseOutput(bytes, BackendOutput, plainBackendOutput);
  const response = applyOutput(output);
  changeAttributes(exchange.attributes, output.attrs);
  return { output: response, isLenient };
}
