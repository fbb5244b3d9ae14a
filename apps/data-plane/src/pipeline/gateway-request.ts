import type { RequestTarget } from '../routing/request-target.js';
import type { StreamedResponse } from '../upstream/streamed-response.js';
import type { UpgradedResponse } from '../upstream/upgrade-call.js';

/** A request as the client sent it, routed. */
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
  readonly hasBody: boolean;
  /** Its route as inputs have it, in JSON. */
  readonly routeJson: string;
  readonly pathParams: Readonly<Record<string, string>>;
  /** What is left of the path for the target. */
  readonly targetPath: string;
}

/** A request as it goes to the target: its path stripped, and with what transformers have changed. */
export interface OutgoingRequest {
  readonly method: string;
  /** As it is escaped. */
  readonly path: string;
  /** Without the `?`. */
  readonly search: string;
  /** Name and value in turn. */
  readonly rawHeaders: readonly string[];
  readonly cookieHeader: string | undefined;
  /** Undefined as long as nobody has read it. */
  readonly body: Uint8Array | undefined;
}

/** A response before it is written: nothing is sent until all of it is known to be valid. */
export interface GatewayResponse {
  readonly status: number;
  /** Lower-case names; a list for a header that is sent several times. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** Undefined with a status that has none. */
  readonly body: string | Uint8Array | undefined;
}

/** A response that is whole, one whose body is still on its way from an upstream, or the beginning of another protocol. */
export type AnyResponse = GatewayResponse | StreamedResponse | UpgradedResponse;
