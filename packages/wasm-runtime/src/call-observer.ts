export type ObservedLogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** A host function that a guest called, and that has answered or was cut short. */
export interface ObservedHostCall {
  readonly name: string;
  /** From the start of the guest's call. */
  readonly startMs: number;
  /** Waiting included. */
  readonly durationMs: number;
  /** Bytes that the guest handed in. */
  readonly bytesIn: number;
  /** Bytes that it was answered. */
  readonly bytesOut: number;
}

/** A line that a guest logged, or that the host logged about it; cut and clean as it would be in the log. */
export interface ObservedLine {
  readonly level: ObservedLogLevel;
  readonly message: string;
  /** From the start of the guest's call. */
  readonly atMs: number;
}

/** How a call came to its instance. */
export interface ObservedLease {
  /** Time it waited for one, `createMs` included. */
  readonly waitMs: number;
  /** What making it took, when it was made while this call waited; undefined for one that was there before. */
  readonly createMs: number | undefined;
  /** Calls that it has served before. */
  readonly callsBefore: number;
}

/** How an outbound HTTP call ended: with a status, or with the code of why there was no answer. */
export interface HttpCallOutcome {
  readonly status: number | undefined;
  readonly code: string | undefined;
}

/** An outbound HTTP call that is about to be made. */
export interface ObservedHttpCall {
  /** Sent with it, in place of the guest's own of these names; in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  end(outcome: HttpCallOutcome): void;
}

/** What a call has cost, however it ended. */
export interface CallCosts {
  /** Time the guest computed. */
  readonly cpuMs: number;
  /** Time from the lease of the instance to the guest's return. */
  readonly wallMs: number;
  readonly hostCalls: number;
  readonly httpCalls: number;
  /** Bytes that host functions were given and answered. */
  readonly hostBytes: number;
  /** Time in host functions, waiting included. */
  readonly hostMs: number;
  /** The instance's memory after the call: the guest's own, and what it exchanges with the host. */
  readonly memoryBytes: number;
}

/**
 * Is told what one call of a guest does while it does it: for who tries a function out. Calls without one pay nothing.
 * It bounds what it keeps, and does not throw.
 */
export interface CallObserver {
  /** Lines that it is told of instead of the hundred that go to the log; one more says that the rest is cut. 0: it is told of none. */
  readonly logLinesMax: number;
  /** Before the guest is called. */
  onLease?(lease: ObservedLease): void;
  /** Before an outbound HTTP call is made; `onHostCall` follows for the host function that makes it. */
  beginHttpCall?(call: { readonly method: string; readonly url: string }): ObservedHttpCall | undefined;
  onHostCall(call: ObservedHostCall): void;
  onLog(line: ObservedLine): void;
  /** After the guest has returned or was ended. */
  onEnd(costs: CallCosts): void;
}
