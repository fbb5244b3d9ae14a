import type { Upstream } from '../upstream/upstream.js';
import type { BoundPlugin } from './bound-plugin.js';
import type { EncodeInput } from './encode-input.js';
import type { GatewayResponse } from './gateway-request.js';

/** A plugin that answers a route. */
export interface FunctionTarget {
  readonly kind: 'function';
  readonly plugin: BoundPlugin;
  readonly encodeInput: EncodeInput;
  /** What it may leave a request to; undefined when there is nothing. */
  readonly delegate: ProxyTarget | undefined;
}

/** An answer that was known when the configuration changed. */
export interface FixedTarget {
  readonly kind: 'fixed';
  readonly response: GatewayResponse;
}

/** Servers that a route's requests are sent on to. */
export interface ProxyTarget {
  readonly kind: 'upstream';
  readonly upstream: Upstream;
}

/** What answers a route. */
export type RouteTarget = FunctionTarget | FixedTarget | ProxyTarget;
