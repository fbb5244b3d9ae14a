import type { CallResult } from '@torii/wasm-runtime';

/** What is learnt about a request on its way, for its access line. */
export class Trace {
  readonly startedAtMs: number;
  routeName: string | undefined;
  routeRow: number | undefined;
  pluginName: string | undefined;
  pluginVersion: number | undefined;
  /** Where the call is counted; undefined when none was made. */
  calledPluginRow: number | undefined;
  call: Omit<CallResult, 'output'> | undefined;
  isLenientOutput = false;

  constructor(startedAtMs: number) {
    this.startedAtMs = startedAtMs;
  }
}
