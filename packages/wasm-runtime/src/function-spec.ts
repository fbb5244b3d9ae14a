import type { Grant, PluginLimits } from '@torii/contracts';
import type { KvStore } from '@torii/kv';
import type { Clock, Deadline, Logger } from '@torii/service-kit';
import type { Egress } from './egress/egress.js';
import type { InstanceBudget } from './instance-budget.js';

/** One version of a plugin as a thread runs it. */
export interface FunctionSpec {
  readonly pluginId: string;
  readonly pluginName: string;
  readonly pluginVersion: number;
  /** The export to call, by the name the guest gives it. */
  readonly functionName: string;
  readonly allowedHosts: readonly string[];
  readonly allowPrivate: boolean;
  readonly grants: readonly Grant[];
  readonly config: Readonly<Record<string, string>>;
  /** Instances and queue are this thread's share of the node's. */
  readonly limits: PluginLimits;
}

/** What the functions of one data thread share. */
export interface RuntimeDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly egress: Egress;
  readonly mapFor: (pluginId: string) => KvStore;
  /** The thread's instances over all pools; left out, the pool has a budget of its own. */
  readonly budget?: InstanceBudget;
}

export interface CallOptions {
  readonly requestId: string;
  /** The request's own deadline; the call ends at it or after `limits.wallMs`, whichever is sooner. */
  readonly deadline: Deadline;
  /** Aborted when the client has gone: the call then ends with `client.gone`. */
  readonly signal?: AbortSignal;
  readonly log: Logger;
}

export interface CallResult {
  /** What the guest set as its output, empty when it set none. A copy, safe to keep. */
  readonly output: Uint8Array;
  /** Time the guest computed. */
  readonly cpuMs: number;
  /** Time from the lease of the instance to the guest's return. */
  readonly wallMs: number;
  readonly hostCalls: number;
  readonly httpCalls: number;
}
