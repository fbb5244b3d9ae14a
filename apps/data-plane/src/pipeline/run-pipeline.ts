import { BackendOutput } from '@torii/contracts';
import type { Deadline, Logger } from '@torii/service-kit';
import { type CallerSignal, type CallResult, type InstancePool, RequestAttributes } from '@torii/wasm-runtime';
import { withAddedHeaders } from './added-headers.js';
import { applyOutput } from './apply-output.js';
import type { EncodeInput } from './encode-input.js';
import type { GatewayRequest, GatewayResponse } from './gateway-request.js';
import { type ParsedOutput, parseOutput } from './parse-output.js';
import { plainBackendOutput } from './plain-output.js';
import type { Trace } from './trace.js';

/** What answers a route: one plugin version, ready to be called. */
export interface FunctionTarget {
  readonly pool: InstancePool;
  readonly encodeInput: EncodeInput;
  /** Where its calls are counted. */
  readonly row: number;
  /** Where this thread shows, to others, which plugin it runs. */
  readonly running: RunningPlugin;
}

export interface RunningPlugin {
  enter(row: number): void;
  leave(row: number): void;
}

export interface PipelineRun {
  readonly request: GatewayRequest;
  readonly target: FunctionTarget;
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
  const { trace } = run;
  const attributes = new RequestAttributes();
  const result = await call(run, attributes);
  trace.call = result;
  const { output, isLenient } = result.output;
  trace.isLenientOutput = isLenient;
  if (output.attrs != null) attributes.apply(output.attrs);
  return withAddedHeaders(applyOutput(output), attributes);
}

async function call(run: PipelineRun, attributes: RequestAttributes): Promise<CallResult<ParsedOutput<BackendOutput>>> {
  const { request, target, trace, deadline, signal, log } = run;
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
