import type { RequestTarget } from '../routing/request-target.js';

/** A request as the pipeline sees it: routed, its body read. */
export interface GatewayRequest {
  readonly id: string;
  /** Counts requests of this thread; Otoroshi's `id`. */
  readonly sequence: number;
  readonly method: string;
  readonly target: RequestTarget;
  /** Name and value in turn, as the client sent them. */
  readonly rawHeaders: readonly string[];
  readonly cookieHeader: string | undefined;
  readonly httpVersion: string;
  readonly remoteAddress: string;
  readonly body: Uint8Array;
  readonly pathParams: Readonly<Record<string, string>>;
  /** What is left of the path for the target. */
  readonly targetPath: string;
}

/** A response before it is written: nothing is sent until all of it is known to be valid. */
export interface GatewayResponse {
  readonly status: number;
  /** Lower-case names; a list for a header that is sent several times. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Undefined with a status that has none. */
  readonly body: string | Uint8Array | undefined;
}
