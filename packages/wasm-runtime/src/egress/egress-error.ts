/**
 * Why an outbound call did not come to an answer:
 * `egress_refused` the allow-list, an address range or a redirect forbids it; `bad_request` it cannot be sent as asked;
 * `busy` this thread, or this plugin, has as many calls or bytes under way as it may; `too_many_redirects`;
 * `too_large` the answer; `bad_answer` it is no HTTP; `tls` no connection that can be trusted; `timeout`; `unreachable`;
 * `aborted` by the caller.
 */
export type EgressErrorCode =
  | 'egress_refused'
  | 'bad_request'
  | 'busy'
  | 'too_many_redirects'
  | 'too_large'
  | 'bad_answer'
  | 'tls'
  | 'timeout'
  | 'unreachable'
  | 'aborted';

/** An outbound call that failed; the message is safe to show to the guest. */
export class EgressError extends Error {
  readonly code: EgressErrorCode;

  constructor(code: EgressErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EgressError';
    this.code = code;
  }
}
