import { BackendOutput } from '@torii/contracts';
import type { RequestAttributes } from '@torii/wasm-runtime';
import { changeAttributes, withAddedHeaders } from './added-headers.js';
import { runAfterTarget } from './after-target.js';
import { applyOutput } from './apply-output.js';
import { runBeforeTarget } from './before-target.js';
import { type CallContext, callPlugin } from './call-plugin.js';
import { answeredAsOtoroshi } from './compat-rules.js';
import { type BodySource, Exchange } from './exchange.js';
import type { AnyResponse, GatewayRequest, GatewayResponse } from './gateway-request.js';
import type { WebSocketResponse } from './message-steps.js';
import type { ParsedOutput } from './parse-output.js';
import { plainBackendOutput } from './plain-output.js';
import { type ProxyContext, proxy } from './proxy.js';
import { readOutput } from './read-output.js';
import type { RouteSlots } from './route-slots.js';
import type { FunctionTarget, RouteTarget } from './route-target.js';
import { askThrough } from './websocket-upgrade.js';

export interface PipelineRun extends ProxyContext {
  readonly request: GatewayRequest;
  readonly body: BodySource;
  /** Those that were set while the route was looked for. */
  readonly attributes?: RequestAttributes | undefined;
  /** Undefined for a route without. */
  readonly slots: RouteSlots | undefined;
  readonly target: RouteTarget;
}

/**
 * Answers a request: the slots before the target, the target unless one of them has answered, the slots after it.
 *
 * Throws `plugin.*`, `capacity.pool_exhausted`, `client.gone`, what `Upstream.answer` throws and what reading a body throws. The head of a
 * response is whole and valid or there is none; so is its body, but for one that is still on its way from an upstream.
 */
export async function runPipeline(run: PipelineRun): Promise<AnyResponse | WebSocketResponse> {
  const { target, slots } = run;
  if (slots === undefined && target.kind === 'fixed' && run.attributes === undefined && run.trace.recording === undefined) return target.response;
  const exchange = new Exchange(run.request, run.body, run.attributes);
  const response = slots === undefined ? await ask(run, exchange) : await runSteps(run, exchange, slots);
  try {
    return withAddedHeaders(response, exchange.attributes);
  } catch (error) {
    giveUp(response);
    throw error;
  }
}

async function runSteps(run: PipelineRun, exchange: Exchange, slots: RouteSlots): Promise<AnyResponse | WebSocketResponse> {
  const answer = await runBeforeTarget(run, exchange, slots.request);
  if (answer !== undefined) return answer;
  const response = await askThrough(run, exchange, { slots: slots.messages, ask });
  if ('tunnel' in response) return response;
  try {
    return await runAfterTarget(afterAsking(run, response), exchange, response, slots.response);
  } catch (error) {
    giveUp(response);
    throw error;
  }
}

/** The time in which a body was on its way to an upstream is not the request's: it may be any. */
function afterAsking(run: PipelineRun, response: AnyResponse): CallContext {
  if (!('stream' in response) || response.sendingMs === 0) return run;
  return { ...run, deadline: run.deadline.later(response.sendingMs) };
}

function giveUp(response: AnyResponse): void {
  if ('stream' in response) response.stream.cancel();
  else if ('tunnel' in response) response.tunnel.socket.destroy();
}

/** Has the target answer. */
function ask(run: PipelineRun, exchange: Exchange): AnyResponse | Promise<AnyResponse> {
  switch (run.target.kind) {
    case 'fixed':
      run.trace.recording?.stage('call-backend', run.trace.recording.nowMs());
      return run.target.response;
    case 'function':
      return callFunction(run, exchange, run.target);
    case 'upstream':
      return proxy(run, exchange, run.target);
  }
}

/** The function's answer, or that of the upstream it leaves the request to. */
function callFunction(run: PipelineRun, exchange: Exchange, target: FunctionTarget): AnyResponse | Promise<AnyResponse> {
  const { plugin, encodeInput, delegate } = target;
  const call = (body: Uint8Array): Promise<GatewayResponse> =>
    callPlugin(run, exchange, plugin, {
      kind: 'backend',
      encode: () => encodeInput(exchange),
      bodyBytes: body.length,
      read: (bytes) => readBackendOutput(target, bytes, exchange),
    });
  const { compat: rules } = plugin;
  const { deadline } = run;
  const callWith = rules === undefined ? call : (sent: Uint8Array) => answeredAsOtoroshi(() => call(sent), exchange, { rules, deadline });
  const body = exchange.readBody(plugin.bodyMaxBytes);
  const answer = body instanceof Uint8Array ? callWith(body) : body.then(callWith);
  if (delegate === undefined) return answer;
  return answer.then((response): AnyResponse | Promise<AnyResponse> => (response === delegated ? proxy(run, exchange, delegate) : response));
}

/** Stands for the answer of a function that leaves the request to its upstream. */
const delegated: GatewayResponse = { status: 200, headers: {}, body: undefined };

function readBackendOutput({ plugin, delegate }: FunctionTarget, bytes: Uint8Array, exchange: Exchange): ParsedOutput<GatewayResponse> {
  const { output, isLenient } = readOutput(plugin, bytes, BackendOutput, plainBackendOutput);
  const response = output.delegates_call === true && delegate !== undefined ? delegated : applyOutput(output);
  changeAttributes(exchange.attributes, output.attrs);
  return { output: response, isLenient };
}
