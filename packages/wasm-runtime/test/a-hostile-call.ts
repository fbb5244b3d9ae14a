import type { PluginLimits } from '@torii/contracts';
import { Deadline, systemClock } from '@torii/service-kit';
import { InstanceBudget } from '../src/index.js';
import { PluginInstance } from '../src/plugin-instance.js';
import { codeOf, type LoadedFunction, loadGuest } from './a-function.js';

export interface HostileCall {
  readonly bytes: Uint8Array;
  readonly functionName: string;
  readonly limits?: Partial<PluginLimits>;
  readonly input?: string | Uint8Array;
}

/** What became of a hostile call, and of what it was given. */
export interface HostileOutcome {
  /** The code it ended with, or `none`. */
  readonly code: string;
  readonly detail: string;
  readonly tookMs: number;
  /** Instances that are out after the call, and bytes still counted once all is closed. */
  readonly leased: number;
  readonly leakedBytes: number;
  readonly leakedInstances: number;
  /** Whether an instance was kept for the next call. */
  readonly isKept: boolean;
}

const strict = { cpuMs: 50, wallMs: 500 };

/** Calls a guest once in a pool of its own, the way of a plugin's first calls: it can be suspended. */
export async function callHostile({ bytes, functionName, limits, input }: HostileCall): Promise<HostileOutcome> {
  const budget = new InstanceBudget();
  const loaded = await loadGuest(bytes, { functionName, budget, limits: { ...strict, ...limits } });
  const outcome = await timed(loaded.call(input));
  const { leased, idle } = loaded.pool.stats;
  await loaded.close();
  return { ...outcome, leased, isKept: idle > 0, leakedBytes: budget.liveBytes, leakedInstances: budget.liveInstances };
}

/** Calls a guest the way of a plugin that has proved quick: it cannot be suspended. Undefined when it imports what waits. */
export async function callHostilePlainly({ bytes, functionName, limits, input = '' }: HostileCall): Promise<HostileOutcome | undefined> {
  const budget = new InstanceBudget();
  const loaded = await loadGuest(bytes, { functionName, budget, limits: { ...strict, ...limits } });
  const instance = await instanceOf(loaded, budget);
  try {
    if (!instance.canRunPlain) return undefined;
    const deadline = Deadline.after(60_000, systemClock);
    const options = { requestId: 'rq_test', deadline, log: loaded.parts.deps.log, read: (output: Uint8Array) => output.slice() };
    const outcome = await timed((async () => instance.callPlain(input, options))());
    return { ...outcome, leased: 0, isKept: instance.isReusable, leakedBytes: budget.liveBytes - instance.memoryBytes, leakedInstances: 0 };
  } finally {
    await instance.close();
    await loaded.close();
  }
}

function instanceOf({ parts }: LoadedFunction, account: InstanceBudget): Promise<PluginInstance> {
  return PluginInstance.create({ ...parts, account, timeoutMs: 30_000, needsImage: false });
}

async function timed(call: Promise<unknown>): Promise<{ code: string; detail: string; tookMs: number }> {
  const startedAtMs = performance.now();
  const code = await codeOf(call);
  const tookMs = performance.now() - startedAtMs;
  const detail = await call.then(
    () => '',
    (error: { detail?: string }) => error.detail ?? '',
  );
  return { code, detail, tookMs };
}
