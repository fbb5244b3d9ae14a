import type { ErrorCode, ServedKind } from '@torii/contracts';
import type { CallResult } from '@torii/wasm-runtime';

/** One call of a plugin. */
export interface PluginCall {
  readonly kind: ServedKind;
  readonly pluginName: string;
  readonly pluginVersion: number;
  /** Where it is counted. */
  readonly row: number;
  /** Of the request's body, as the plugin was given it. */
  readonly bodyBytes: number;
  /** Undefined when it failed. */
  costs: Omit<CallResult, 'output'> | undefined;
  /** Why it failed. */
  code: ErrorCode | undefined;
  isLenientOutput: boolean;
}

/** What is learnt about a request on its way, for its access line and its counts. */
export class Trace {
  readonly startedAtMs: number;
  routeName: string | undefined;
  routeRow: number | undefined;
  /** Of the route's target, whether it was called or not. */
  pluginName: string | undefined;
  pluginVersion: number | undefined;
  /** In their order: at most one for each slot of the route, and one for its target. */
  readonly calls: PluginCall[] = [];

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }
}
