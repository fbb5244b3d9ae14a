import type { ErrorCode } from '@torii/contracts';

/** One try of a request at one target of an upstream. */
export interface UpstreamAttempt {
  /** Of the target, as the route names it. */
  readonly peerUrl: string;
  /** By the clock of the trace. */
  readonly startedAtMs: number;
  /** Until the head of the answer, or until it failed. */
  durationMs: number;
  /** From when it had a connection until the head of the answer; undefined without one. */
  headersMs: number | undefined;
  /** Whether the connection had served others before; undefined when there was none. */
  isReusedConnection: boolean | undefined;
  /** Of the answer; undefined when it failed before. */
  status: number | undefined;
  /** Why it failed, also when that was after its head. */
  code: ErrorCode | undefined;
}
