import { pluginLimits } from '@torii/contracts';
import { type KvStore, MemoryKvStore } from '@torii/kv';
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
  prepareModule,
} from '../src/index.js';

/** Everything a test may set; what it leaves out is generous, so that only what it is about can fail. */
export interface FunctionOptions {
  readonly functionName?: string;
  readonly limits?: Partial<FunctionSpec['limits']>;
  readonly grants?: FunctionSpec['grants'];
  readonly config?: Record<string, string>;
  readonly allowedHosts?: readonly string[];
  readonly allowPrivate?: boolean;
  readonly egress?: Partial<EgressOptions>;
  readonly budget?: InstanceBudget;
  /** Instead of a map in memory. */
  readonly mapStore?: KvStore;
}

export interface LoadedFunction {
  readonly pool: InstancePool;
  readonly logLines: Record<string, unknown>[];
  readonly map: MemoryKvStore;
  call(input?: string | Uint8Array, options?: Partial<CallOptions>): Promise<CallResult>;
  /** The output as text. */
  text(input?: string): Promise<string>;
  close(): Promise<void>;
}

const generous = Object.fromEntries(Object.entries(pluginLimits).map(([name, limit]) => [name, limit.default]));

/** Prepares and loads a module the way a data thread does, with a map and an egress of its own. */
export async function loadGuest(bytes: Uint8Array, options: FunctionOptions = {}): Promise<LoadedFunction> {
  const limits = { ...(generous as FunctionSpec['limits']), cpuMs: 10_000, wallMs: 20_000, queueWaitMs: 10_000, ...options.limits };
  const logLines: Record<string, unknown>[] = [];
  const log = createLogger({ level: 'trace', app: 'test' }, { write: (line: string) => void logLines.push(JSON.parse(line)) });
  const egress = createEgress({ privateCidrs: [], overrides: new Map(), connectTimeoutMs: 5_000, ...options.egress }, { clock: systemClock, log });
  const map = new MemoryKvStore(limits.kvMaxBytes);
  const prepared = await prepareModule(bytes, limits);
  const spec: FunctionSpec = {
    pluginId: 'pl_test',
    pluginName: 'test',
    pluginVersion: 1,
    functionName: options.functionName ?? 'run',
    allowedHosts: options.allowedHosts ?? [],
    allowPrivate: options.allowPrivate ?? false,
    grants: options.grants ?? ['plugin_map:read', 'plugin_map:write'],
    config: options.config ?? {},
    limits,
  };
  const budget = options.budget === undefined ? {} : { budget: options.budget };
  const pool = loadFunction(spec, prepared, { clock: systemClock, log, egress, mapFor: () => options.mapStore ?? map, ...budget });
  const call = (input: string | Uint8Array = '', callOptions: Partial<CallOptions> = {}): Promise<CallResult> =>
    pool.call(input, { requestId: 'rq_test', deadline: Deadline.after(60_000, systemClock), log, ...callOptions });
  return {
    pool,
    logLines,
    map,
    call,
    text: async (input = '') => new TextDecoder().decode((await call(input)).output),
    close: async () => {
      await pool.close();
      await egress.close();
    },
  };
}

/** The code an operation fails with, or `none`. */
export async function codeOf(operation: Promise<unknown>): Promise<string> {
  return operation.then(
    () => 'none',
    (error: { code?: string }) => error.code ?? String(error),
  );
}
