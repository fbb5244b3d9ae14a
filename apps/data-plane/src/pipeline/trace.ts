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

/** What went over a WebSocket whose messages plugins see. */
export class MessageTally {
  fromClient = 0;
  fromUpstream = 0;
  /** Because a plugin said so. */
  dropped = 0;
  /** Of plugins. */
  calls = 0;
  failedCalls = 0;
  cpuMs = 0;
  /** By which it was closed; undefined while it is not. */
  closeCode: number | undefined;

  /** Adds the calls that were made for one message. */
  count({ calls }: Pick<Trace, 'calls'>): void {
    for (const { costs, code } of calls) {
      this.calls += 1;
      this.cpuMs += costs?.cpuMs ?? 0;
      if (code !== undefined) this.failedCalls += 1;
    }
  }
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
  /** Undefined for all but WebSockets whose messages plugins see. */
  messages: MessageTally | undefined;

  /** `recording` keeps everything; undefined where nobody asked for that. */
  constructor(
    startedAtMs: number,
    readonly recording?: Recording,
  ) {
    this.startedAtMs = startedAtMs;
  }
}
