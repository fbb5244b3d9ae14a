import type { ErrorCode, ServedKind } from '@torii/contracts';
import type { CallResult } from '@torii/wasm-runtime';
import type { RequestSpan } from '../telemetry/request-span.js';
import type { UpstreamAttempt } from '../upstream/attempt.js';
import type { Recording } from './recording.js';

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

/** Shared by all requests that are not sent on. */
const noAttempts: readonly UpstreamAttempt[] = [];

/** What is learnt about a request on its way, for its access line and its counts. */
export class Trace {
  readonly startedAtMs: number;
  /** Undefined where no traces are sent. */
  span: RequestSpan | undefined;
  routeName: string | undefined;
  routeRow: number | undefined;
  /** Of the route's target, whether it was called or not. */
  pluginName: string | undefined;
  pluginVersion: number | undefined;
  /** In their order: at most one for each slot of the route, and one for its target. */
  readonly calls: PluginCall[] = [];
  /** At targets of the route's upstream, in their order. */
  upstreamAttempts: readonly UpstreamAttempt[] = noAttempts;

  /** `recording` keeps everything; undefined where nobody asked for that. */
  constructor(
    startedAtMs: number,
    readonly recording?: Recording,
  ) {
    this.startedAtMs = startedAtMs;
  }
}
