import type { ErrorCode, FunctionRun, FunctionSettings } from '@torii/contracts';
import type { PreparedModule } from '@torii/wasm-runtime';

/** How calls reach the outside; as a node's egress. */
export interface EgressSettings {
  /** Host to the origin that stands in for it. */
  readonly overrides: ReadonlyMap<string, string>;
  /** Ranges that functions with `allowPrivate` may reach. */
  readonly privateCidrs: readonly string[];
  readonly connectTimeoutMs: number;
  readonly dnsServers?: readonly string[];
  /** Authorities to trust beside those of the system, as PEM. */
  readonly extraCa?: string;
}

/** What the thread is started with. */
export interface ThreadSettings {
  readonly egress: EgressSettings;
  /** Memory of all live guests (bytes). */
  readonly guestMemoryMaxBytes: number;
  /** One Int32, which grows while the thread's event loop turns. */
  readonly pulse: SharedArrayBuffer;
}

/** What to do with a module: make an instance of it, and mostly call that. */
export interface FunctionCall {
  readonly prepared: PreparedModule;
  readonly functionName: string;
  /** Undefined for no call. */
  readonly input: Uint8Array | undefined;
  readonly settings: FunctionSettings;
  /** What the instance may take to begin. */
  readonly startTimeoutMs: number;
  /** What the call may take, if the settings do not allow less. */
  readonly callTimeoutMs: number;
  readonly hasNetwork: boolean;
}

export interface GuestError {
  readonly code: ErrorCode;
  readonly detail: string;
}

type Observed = Pick<FunctionRun, 'output' | 'logs' | 'hostCalls' | 'memoryBytes'>;

/** How it went. */
export type CallReport =
  /** `isItsOwn`: code of its own failed as it began, rather than that it could not be made an instance. */
  | { readonly outcome: 'not_started'; readonly error: GuestError; readonly isItsOwn: boolean; readonly logs: FunctionRun['logs'] }
  | { readonly outcome: 'not_called' }
  | ({
      readonly outcome: 'called';
      /** Undefined when it answered. */
      readonly error: GuestError | undefined;
      readonly timings: Pick<FunctionRun['timings'], 'callMs' | 'guestCpuMs' | 'hostMs'> & { readonly startMs: number };
    } & Observed);

export type ThreadRequest =
  | { readonly kind: 'call'; readonly id: number; readonly call: FunctionCall }
  | { readonly kind: 'abort'; readonly id: number };

export type ThreadReply =
  | { readonly id: number; readonly report: CallReport }
  /** A fault of ours, or no room: nothing that the function did. */
  | { readonly id: number; readonly failure: GuestError };
