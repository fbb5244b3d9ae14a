import type { ResponseFlow } from './response-flow.js';

/** The head of an answer whose body is still on its way. */
export interface StreamedResponse {
  readonly status: number;
  /** Lower-case names; a list for a header that is sent several times. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** How long the body of the request was on its way before. */
  readonly sendingMs: number;
  /** Exactly one of `pipeTo`, `collect` with what follows it, and `cancel` must come. */
  readonly stream: ResponseFlow;
}
