import { BackendOutput } from '@torii/contracts';
import type { Deadline, Logger } from '@torii/service-kit';
import { type CallerSignal, type CallResult, RequestAttributes } from '@torii/wasm-runtime';
import { withAddedHeaders } from './added-headers.js';
import { applyOutput } from './apply-output.js';
import type { GatewayRequest, GatewayResponse } from './gateway-request.js';
import { type ParsedOutput, parseOutput } from './parse-output.js';
import { plainBackendOutput } from './plain-output.js';
import type { FunctionTarget, RouteTarget } from './route-target.js';
import type { Trace } from './trace.js';

export interface PipelineRun {
  readonly request: GatewayRequest;
  readonly target: RouteTarget;
  readonly deadline: Deadline;
  /** Aborted when the client goes. */
  readonly signal: CallerSignal;
  readonly trace: Trace;
  readonly log: Logger;
}

/**
 * Answers a request through its route's target. The slots before and after it will stand here, in this order.
 *
 * Throws `plugin.*`, `capacity.pool_exhausted` or `client.gone`; a response is whole and valid or there is none.
 */
export async function runPipeline(run: PipelineRun): Promise<GatewayResponse> {
  const { trace, target } = run;
  if (target.kind === 'fixed') return target.response;
  const attributes = new RequestAttributes();
  const result = await call(run, target, attributes);
  trace.call = result;
  const { output, isLenient } = result.output;
  trace.isLenientOutput = isLenient;
  if (output.attrs != null) attributes.apply(output.attrs);
  return withAddedHeaders(applyOutput(output), attributes);
}

async function call(run: PipelineRun, target: FunctionTarget, attributes: RequestAttributes): Promise<CallResult<ParsedOutput<BackendOutput>>> {
  const { request, trace, deadline, signal, log } = run;
  const input = target.encodeInput(request);
  trace.calledPluginRow = target.row;
  target.running.enter(target.row);
  try {
    return await target.pool.call(input, { requestId: request.id, deadline, signal, log, attributes, read: readBackendOutput });
  } finally {
    target.running.leave(target.row);
  }
}

function readBackendOutput(bytes: Uint8Array): ParsedOutput<BackendOutput> {
  return parseOutput(bytes, BackendOutput, plainBackendOutput);
}
