import { pluginLimits } from '@torii/contracts';
import type { KvStore } from '@torii/kv';
import { createLogger, Deadline, systemClock } from '@torii/service-kit';
import {
  type CallOptions,
  type CallResult,
  createEgress,
  type EgressOptions,
  type FunctionSpec,
  type InstanceBudget,
  type InstancePool,
  loadFunction,
  type PreparedModule,
  prepareModule,
  type RuntimeDeps,
  type Stores,
} from '../src/index.js';
import { memoryStores } from './a-map.js';

/** Everything a test may set; what it leaves out is generous, so that only what it is about can fail. */
export interface FunctionOptions {
  readonly functionName?: string;
  readonly otherFunctionNames?: readonly string[];
  readonly limits?: Partial<FunctionSpec['limits']>;
  readonly grants?: FunctionSpec['grants'];
  readonly config?: Record<string, string>;
  readonly allowedHosts?: readonly string[];
  readonly allowPrivate?: boolean;
  readonly egress?: Partial<EgressOptions>;
  readonly budget?: InstanceBudget;
  readonly isolation?: FunctionSpec['isolation'];
  readonly quarantine?: RuntimeDeps['quarantine'];
  readonly storeLimits?: FunctionSpec['storeLimits'];
  readonly compat?: 'torii' | 'otoroshi';
  /** Instead of any of the stores; the others are in memory, and empty. */
  readonly stores?: Partial<Stores>;
  readonly state?: RuntimeDeps['state'];
  readonly observer?: RuntimeDeps['observer'];
  readonly instanceIdleMs?: number;
  readonly clock?: RuntimeDeps['clock'];
}

export interface LoadedFunction {
  readonly pool: InstancePool;
  readonly logLines: Record<string, unknown>[];
  /** The plugin's map. */
  readonly map: KvStore;
  /** What the pool makes its instances of. */
  readonly parts: { readonly spec: FunctionSpec; readonly prepared: PreparedModule; readonly deps: RuntimeDeps };
  call(input?: string | Uint8Array, options?: Partial<CallOptions>): Promise<CallResult>;
  /** The output as text. */
  text(input?: string): Promise<string>;
  close(): Promise<void>;
}

const generous = Object.fromEntries(Object.entries(pluginLimits).map(([name, limit]) => [name, limit.default]));

/** Prepares and loads a module the way a data thread does, with a map and an egress of its own. */
export async function loadGuest(bytes: Uint8Array, options: FunctionOptions = {}): Promise<LoadedFunction> {
  const limits = { ...(generous as FunctionSpec['limits']), cpuMs: 30_000, wallMs: 60_000, queueWaitMs: 60_000, ...options.limits };
  const logLines: Record<string, unknown>[] = [];
  const log = createLogger({ level: 'trace', app: 'test' }, { write: (line: string) => void logLines.push(JSON.parse(line)) });
  const egress = createEgress(
    { privateCidrs: [], overrides: new Map(), connectTimeoutMs: 30_000, requestTimeoutMs: 30_000, ...options.egress },
    { clock: systemClock, log },
  );
  const stores = { ...memoryStores(limits.kvMaxBytes), ...options.stores };
  const prepared = await preparedOnce(bytes, limits.memoryMaxBytes);
  const spec: FunctionSpec = {
    pluginId: 'pl_test',
    pluginName: 'test',
    pluginVersion: 1,
    functionName: options.functionName ?? 'run',
    otherFunctionNames: options.otherFunctionNames ?? [],
    allowedHosts: options.allowedHosts ?? [],
    allowPrivate: options.allowPrivate ?? false,
    grants: options.grants ?? ['plugin_map:read', 'plugin_map:write'],
    config: options.config ?? {},
    isolation: options.isolation ?? 'reuse',
    storeLimits: options.storeLimits,
    compat: options.compat ?? 'torii',
    limits,
  };
  // Tests make a guest fail over and over; only those about quarantine want that noticed.
  const quarantine = options.quarantine ?? { offencesMin: Number.POSITIVE_INFINITY };
  const budget = options.budget === undefined ? {} : { budget: options.budget };
  const state = options.state ?? nothingToShow;
  const observer = options.observer === undefined ? {} : { observer: options.observer };
  const idle = options.instanceIdleMs === undefined ? {} : { instanceIdleMs: options.instanceIdleMs };
  const deps: RuntimeDeps = { clock: options.clock ?? systemClock, log, egress, stores, state, ...budget, ...observer, ...idle, quarantine };
  const pool = loadFunction(spec, prepared, deps);
  const call = (input: string | Uint8Array = '', callOptions: Partial<CallOptions> = {}): Promise<CallResult> =>
    pool.call(input, { requestId: 'rq_test', deadline: Deadline.after(60_000, systemClock), log, read: copyOf, ...callOptions });
  return {
    pool,
    logLines,
    map: stores.pluginMap('pl_test'),
    parts: { spec, prepared, deps },
    call,
    text: async (input = '') => new TextDecoder().decode((await call(input)).output),
    close: async () => {
      await pool.close();
      await egress.close();
    },
  };
}

const prepared = new WeakMap<Uint8Array, Map<number, Promise<PreparedModule>>>();

/** Tests that load the same bytes again and again prepare them once. */
function preparedOnce(bytes: Uint8Array, memoryMaxBytes: number): Promise<PreparedModule> {
  const known = prepared.get(bytes) ?? new Map<number, Promise<PreparedModule>>();
  prepared.set(bytes, known);
  const module = known.get(memoryMaxBytes) ?? prepareModule(bytes, { memoryMaxBytes });
  known.set(memoryMaxBytes, module);
  return module;
}

const nothingToShow: RuntimeDeps['state'] = {
  all: () => '{}',
  entity: () => undefined,
  globalConfig: () => '{}',
  nodeConfig: () => '{}',
  nodeState: () => '{}',
};

function copyOf(output: Uint8Array): Uint8Array {
  return output.slice();
}

/** The code an operation fails with, or `none`. */
export async function codeOf(operation: Promise<unknown>): Promise<string> {
  return operation.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );
}
