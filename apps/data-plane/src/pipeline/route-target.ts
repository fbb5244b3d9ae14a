import type { InstancePool } from '@torii/wasm-runtime';
import type { EncodeInput } from './encode-input.js';
import type { GatewayResponse } from './gateway-request.js';

/** One plugin version that answers a route, ready to be called. */
export interface FunctionTarget {
  readonly kind: 'function';
  readonly pluginName: string;
  readonly pluginVersion: number;
  readonly requestMaxBytes: number;
  readonly pool: InstancePool;
  readonly encodeInput: EncodeInput;
  /** Where its calls are counted. */
  readonly row: number;
  /** Where this thread shows, to others, which plugin it runs. */
  readonly running: RunningPlugin;
}

/** An answer that was known when the configuration changed. */
export interface FixedTarget {
  readonly kind: 'fixed';
  readonly response: GatewayResponse;
}

/** What answers a route. */
export type RouteTarget = FunctionTarget | FixedTarget;

export interface RunningPlugin {
  enter(row: number): void;
  leave(row: number): void;
}
