import type { CallCosts, CallObserver, ObservedHostCall, ObservedHttpCall, ObservedLease, ObservedLine } from '@torii/wasm-runtime';

/** Who watches a call, where there may be nobody, one or two. */
export function observerOf(one: CallObserver | undefined, other: CallObserver | undefined): CallObserver | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : new TwoObservers(one, other);
}

/** Tells two of a call. Outbound HTTP calls are carried on by the second. */
class TwoObservers implements CallObserver {
  readonly logLinesMax: number;

  constructor(
    private readonly one: CallObserver,
    private readonly other: CallObserver,
  ) {
    this.logLinesMax = Math.max(one.logLinesMax, other.logLinesMax);
  }

  onLease(lease: ObservedLease): void {
    this.one.onLease?.(lease);
    this.other.onLease?.(lease);
  }

  beginHttpCall(call: { readonly method: string; readonly url: string }): ObservedHttpCall | undefined {
    return this.other.beginHttpCall?.(call);
  }

  onHostCall(call: ObservedHostCall): void {
    this.one.onHostCall(call);
    this.other.onHostCall(call);
  }

  onLog(line: ObservedLine): void {
    this.one.onLog(line);
    this.other.onLog(line);
  }

  onEnd(costs: CallCosts): void {
    this.one.onEnd(costs);
    this.other.onEnd(costs);
  }
}
