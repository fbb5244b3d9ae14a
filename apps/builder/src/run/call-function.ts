import { AppError, type FunctionSettings } from '@torii/contracts';
import { grantsOf, storeLimitsOf } from '@torii/module-check';
import { type Clock, createLogger, Deadline } from '@torii/service-kit';
import {
  type Egress,
  EgressError,
  type ExposedState,
  type FunctionSpec,
  type InstanceBudget,
  type InstancePool,
  loadFunction,
  type RuntimeDeps,
} from '@torii/wasm-runtime';
import { CallRecorder } from './call-recorder.js';
import { noOutput, sampleOf } from './output-sample.js';
import type { CallReport, FunctionCall, GuestError } from './run-messages.js';
import type { ScratchStores } from './scratch-stores.js';
import { trapPlace } from './trap-place.js';

/** What all calls of the thread share. */
export interface CallHost {
  readonly clock: Clock;
  readonly egress: Egress;
  readonly budget: InstanceBudget;
  readonly stores: ScratchStores;
}

/** What guests log is told to the recorder, and goes nowhere else. */
const silent = createLogger({ level: 'silent', app: 'builder' });

/**
 * Makes an instance of a function, calls it, and drops it with all it has stored. What the function does wrong is in the
 * report; throws an error of the platform or of capacity for what is not its doing, and `client.gone` when aborted.
 */
export async function callFunction(call: FunctionCall, host: CallHost, signal: AbortSignal): Promise<CallReport> {
  const recorder = new CallRecorder();
  const { stores, close: closeStores } = host.stores.open(call.settings);
  const deps: RuntimeDeps = {
    clock: host.clock,
    budget: host.budget,
    log: silent,
    egress: call.hasNetwork ? host.egress : noNetwork,
    stores,
    state: nothingExposed,
    observer: recorder,
  };
  const startedAtMs = host.clock.nowMs();
  const pool = loadFunction(specOf(call), call.prepared, deps);
  try {
    const failure = await start(pool, call.startTimeoutMs);
    if (failure !== undefined) return { ...failure, logs: recorder.logs };
    if (call.input === undefined) return { outcome: 'not_called' };
    const startMs = host.clock.nowMs() - startedAtMs;
    return await callOnce(pool, { call, input: call.input, startMs, clock: host.clock, signal, recorder });
  } finally {
    await pool.close();
    closeStores();
  }
}

/** Undefined when the instance is ready. */
async function start(pool: InstancePool, timeoutMs: number): Promise<Omit<Extract<CallReport, { outcome: 'not_started' }>, 'logs'> | undefined> {
  try {
    await pool.warmUp(timeoutMs);
    return undefined;
  } catch (error) {
    const { cause } = AppError.from(error);
    const isItsOwn = cause instanceof AppError && cause.owner === 'plugin';
    return { outcome: 'not_started', error: guestErrorOf(error), isItsOwn };
  }
}

interface Calling {
  readonly call: FunctionCall;
  readonly input: Uint8Array;
  readonly startMs: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly recorder: CallRecorder;
}

async function callOnce(pool: InstancePool, { call, input, startMs, clock, signal, recorder }: Calling): Promise<CallReport> {
  const calledAtMs = clock.nowMs();
  let output = noOutput;
  let error: GuestError | undefined;
  try {
    const deadline = Deadline.after(call.callTimeoutMs, clock);
    ({ output } = await pool.call(input, { requestId: 'run', deadline, signal, log: silent, observer: recorder, read: sampleOf }));
  } catch (thrown) {
    error = guestErrorOf(thrown);
  }
  const { logs, hostCalls, costs } = recorder;
  const timings = { startMs, callMs: clock.nowMs() - calledAtMs, guestCpuMs: costs.cpuMs, hostMs: costs.hostMs };
  return { outcome: 'called', error, output, logs, hostCalls, timings, memoryBytes: costs.memoryBytes };
}

/** Throws again what the function is not to blame for. */
function guestErrorOf(error: unknown): GuestError {
  const failure = AppError.from(error);
  if (failure.owner !== 'plugin' && failure.owner !== 'config') throw failure;
  return { code: failure.code, detail: failure.message + trapPlace(failure) };
}

function specOf({ settings, functionName }: FunctionCall): FunctionSpec {
  const grants = grantsOf(settings.hostFunctions);
  const storeLimits = storeLimitsOf(settings.hostFunctions);
  const { allowedHosts, allowPrivate, config, isolation } = settings;
  return {
    pluginId: 'run',
    pluginName: 'run',
    pluginVersion: 1,
    functionName,
    allowedHosts,
    allowPrivate,
    grants: [...grants],
    storeLimits,
    config,
    isolation,
    limits: limitsOf(settings),
  };
}

/** Of one call there is only one instance, and nobody else it could wait for. */
function limitsOf({ limits }: FunctionSettings): FunctionSpec['limits'] {
  return { ...limits, maxInstancesPerNode: 1, maxQueuedPerNode: 0 };
}

const noNetwork: Egress = {
  request: () => Promise.reject(new EgressError('egress_refused', 'the call after a build has no network')),
  close: () => Promise.resolve(),
};

/** There is no configuration here to show. */
const nothingExposed: ExposedState = {
  all: () => '{"routes":[],"wasmPlugins":[]}',
  entity: (entity, id) => (id === undefined && (entity === 'routes' || entity === 'wasmPlugins') ? '[]' : undefined),
  globalConfig: () => '{"workspace":"default","revision":0}',
  nodeConfig: () => '{}',
  nodeState: () => '{"mode":"builder"}',
};
