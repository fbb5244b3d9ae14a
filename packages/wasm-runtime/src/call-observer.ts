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
  /** Lines that it is told of instead of the hundred that go to the log; one more says that the rest is cut. */
  readonly logLinesMax: number;
  onHostCall(call: ObservedHostCall): void;
  onLog(line: ObservedLine): void;
  /** After the guest has returned or was ended. */
  onEnd(costs: CallCosts): void;
}
