import type { Grant, PluginLimits, StoreLimits, StoreName } from '@torii/contracts';
import type { KvStore } from '@torii/kv';
import type { Clock, Deadline, Logger } from '@torii/service-kit';
import type { CallCosts, CallObserver } from './call-observer.js';
import type { Egress } from './egress/egress.js';
import type { RequestAttributes } from './host-functions/request-attributes.js';
import type { InstanceBudget } from './instance-budget.js';
import type { QuarantineOptions } from './quarantine.js';

/** One version of a plugin as a thread runs it. */
export interface FunctionSpec {
  readonly pluginId: string;
  readonly pluginName: string;
  readonly pluginVersion: number;
  /** The export to call, by the name the guest gives it. */
  readonly functionName: string;
  /** Other exports that calls may ask for. */
  readonly otherFunctionNames?: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly allowPrivate: boolean;
  readonly grants: readonly Grant[];
  /** How grants are narrowed; a time to live is enforced here, a number of keys by the store. */
  readonly storeLimits?: Partial<Readonly<Record<StoreName, StoreLimits | undefined>>> | undefined;
  /** `otoroshi` where plugins may do only what Otoroshi lets them; `torii` unless given. */
  readonly compat?: 'torii' | 'otoroshi';
  readonly config: Readonly<Record<string, string>>;
  /** `fresh`: no call finds anything of the one before. `reuse`: the guest's memory lives on from call to call. */
  readonly isolation: 'reuse' | 'fresh';
  /** Instances and queue are this thread's share of the node's. */
  readonly limits: PluginLimits;
}

/**
 * The stores a guest may be granted; opened once per instance, and their owner closes them. A store that says
 * `isSynchronous` never suspends a guest.
 */
export interface Stores {
  pluginMap(pluginId: string): KvStore;
  globalMap(): KvStore;
  pluginDatastore(pluginId: string): KvStore;
  globalDatastore(): KvStore;
}

/**
 * What `proxy_state` and its like let guests see: only what is listed in docs/host-functions.md, never a secret. JSON
 * texts, made when they are first asked for; those that may be large as bytes, which are not to be changed.
 */
export interface ExposedState {
  /** Everything there is about the active configuration, lists by the names of their entities. */
  all(): string | Uint8Array;
  /** One of the lists, or the one of it with that id; undefined when there is none. */
  entity(entity: string, id: string | undefined): string | Uint8Array | undefined;
  globalConfig(): string;
  /** Settings of the node. */
  nodeConfig(): string;
  nodeState(): string;
}

/** What the functions of one data thread share. */
export interface RuntimeDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly egress: Egress;
  readonly stores: Stores;
  readonly state: ExposedState;
  /** The thread's instances over all pools; left out, the pool has a budget of its own. */
  readonly budget?: InstanceBudget;
  /** When a plugin that keeps failing is refused, and for how long; left out, the defaults of `Quarantine`. */
  readonly quarantine?: Partial<QuarantineOptions>;
  /** Instances that nobody used for this long (ms) are given up, the last one too; five minutes when left out. */
  readonly instanceIdleMs?: number;
  /** Is told what instances do while they are initialised. */
  readonly observer?: CallObserver;
}

/** The part of an `AbortSignal` that calls need: an `AbortSignal` is one. */
export interface CallerSignal {
  /** Whether the caller has gone. */
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options: { once: true }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export interface CallOptions<Output = Uint8Array> {
  readonly requestId: string;
  /** One of `otherFunctionNames`; left out, the spec's `functionName`. */
  readonly functionName?: string | undefined;
  /** The request's own deadline; the call ends at it or after `limits.wallMs`, whichever is sooner. */
  readonly deadline: Deadline;
  /** Aborted when the client has gone: the call then ends with `client.gone`. */
  readonly signal?: CallerSignal;
  readonly log: Logger;
  /** The request's own; left out, the call has some of its own. */
  readonly attributes?: RequestAttributes;
  readonly observer?: CallObserver | undefined;
  /**
   * Makes of the output what the call answers. The bytes are a view that lasts only until this returns. When it throws
   * the call fails with that error, and the instance that wrote such an output is given up.
   */
  readonly read: (output: Uint8Array) => Output;
}

export interface CallResult<Output = Uint8Array> extends CallCosts {
  /** What `CallOptions.read` made of what the guest set as its output; of no bytes when it set none. */
  readonly output: Output;
  /** Time the call waited for an instance. */
  readonly queueMs: number;
}
