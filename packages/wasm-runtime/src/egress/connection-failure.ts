import { errors } from 'undici';
import { EgressError } from './egress-error.js';

/** OpenSSL's verdicts on a certificate, as Node names them: https://nodejs.org/api/tls.html#x509-certificate-error-codes. */
const certificateCodes =
  /^(CERT_|CRL_|ERROR_IN_C|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/;
const tlsCodes = /^(ERR_SSL_|ERR_TLS_|EPROTO$)/;

/** Names what went wrong with a connection, in words that are safe to show to a guest: no address, no stack. */
export function egressErrorOf(error: unknown): EgressError {
  if (error instanceof EgressError) return error;
  if (error instanceof errors.InvalidArgumentError) return new EgressError('bad_request', 'the request cannot be sent: a header is not valid', error);
  if (error instanceof errors.ConnectTimeoutError) return new EgressError('timeout', 'no connection in time', error);
  if (error instanceof errors.HeadersOverflowError) return new EgressError('too_large', "the answer's head is too large", error);
  if (error instanceof errors.HTTPParserError || error instanceof errors.ResponseContentLengthMismatchError) {
    return new EgressError('bad_answer', 'the answer is not valid HTTP', error);
  }
  const code = codeOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return new EgressError('tls', "the server's certificate is for another host", error);
  if (certificateCodes.test(code)) return new EgressError('tls', `the server's certificate is not trusted (${code})`, error);
  if (tlsCodes.test(code)) return new EgressError('tls', 'the server does not speak TLS as it should', error);
  if (error instanceof errors.SocketError) {
    // undici has no code of its own for an answer that breaks the protocol before its end.
    const isProtocol = error.message === 'bad response' || error.message === 'bad upgrade';
    return isProtocol
      ? new EgressError('bad_answer', 'the answer is not valid HTTP', error)
      : new EgressError('unreachable', 'the connection was closed before the answer was complete', error);
  }
  return new EgressError('unreachable', 'the host cannot be reached', error);
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}
