import { BackendOutput } from '@torii/contracts';
import type { Deadline, Logger } from '@torii/service-kit';
import type { InstancePool } from '@torii/wasm-runtime';
import { applyOutput } from './apply-output.js';
import type { EncodeInput } from './encode-input.js';
import type { GatewayRequest, GatewayResponse } from './gateway-request.js';
import { parseOutput } from './parse-output.js';
import type { Trace } from './trace.js';

/** What answers a route: one plugin version, ready to be called. */
export interface FunctionTarget {
  readonly pool: InstancePool;
  readonly encodeInput: EncodeInput;
}

export interface PipelineRun {
  readonly request: GatewayRequest;
  readonly target: FunctionTarget;
  readonly deadline: Deadline;
  /** Aborted when the client goes. */
  readonly signal: AbortSignal;
  readonly trace: Trace;
  readonly log: Logger;
}

/**
 * Answers a request through its route's target. The slots before and after it will stand here, in this order.
 *
 * Throws `plugin.*`, `capacity.pool_exhausted` or `client.gone`; a response is whole and valid or there is none.
 */
export async function runPipeline(run: PipelineRun): Promise<GatewayResponse> {
  const { request, target, trace } = run;
  const result = await target.pool.call(target.encodeInput(request), {
    requestId: request.id,
    deadline: run.deadline,
    signal: run.signal,
    log: run.log,
  });
  trace.call = result;
  const { output, isLenient } = parseOutput(result.output, BackendOutput);
  trace.isLenientOutput = isLenient;
  return applyOutput(output);
}
