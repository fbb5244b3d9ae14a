import type { Deadline } from '@torii/service-kit';
import type { CallerSignal } from '@torii/wasm-runtime';
import type { UpstreamAttempt } from './attempt.js';
import type { ClientBody } from './client-body.js';

/** What comes before the answer, and is passed on. */
export interface InterimAnswer {
  readonly status: 102 | 103;
  /** Of a 103. */
  readonly links: readonly string[];
}

/** A request as it goes to an upstream. */
export interface UpstreamRequest {
  readonly id: string;
  readonly method: string;
  /** As it is escaped. */
  readonly path: string;
  /** Without the `?`; undefined where there is none. */
  readonly search: string | undefined;
  /** Name and value in turn. */
  readonly rawHeaders: readonly string[];
  readonly pathParams: Readonly<Record<string, string>>;
  /** Host and port by which the client asked; empty when it named none. */
  readonly authority: string;
  readonly remoteAddress: string;
  /** Of no bytes when there is none. */
  readonly body: Uint8Array | ClientBody;
  /** By when there must be the head of an answer, not counting the time in which a body is sent. */
  readonly deadline: Deadline;
  /** Aborted when the client goes. */
  readonly signal: CallerSignal;
  /** Where each try is noted. */
  readonly attempts: UpstreamAttempt[];
  /** Called with each try before it is sent; answers headers that go with it, name and value in turn. */
  readonly onAttempt?: (attempt: UpstreamAttempt) => readonly string[];
  /** Told of 102 and 103 (RFC 8297) before the answer. */
  readonly onInterim?: (answer: InterimAnswer) => void;
}
