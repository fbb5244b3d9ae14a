import type { BoundPlugin } from './bound-plugin.js';
import type { EncodeInput } from './encode-input.js';
import type { GatewayResponse } from './gateway-request.js';

/** A plugin that answers a route. */
export interface FunctionTarget {
  readonly kind: 'function';
  readonly plugin: BoundPlugin;
  readonly encodeInput: EncodeInput;
}

/** An answer that was known when the configuration changed. */
export interface FixedTarget {
  readonly kind: 'fixed';
  readonly response: GatewayResponse;
}

/** What answers a route. */
export type RouteTarget = FunctionTarget | FixedTarget;
