import { AppError } from '@torii/contracts';
import { errors } from 'undici';

/** OpenSSL's verdicts on a certificate, as Node names them: https://nodejs.org/api/tls.html#x509-certificate-error-codes. */
const certificateCodes =
  /^(CERT_|CRL_|ERROR_IN_C|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_EXCEEDED|HOSTNAME_MISMATCH)/;
const tlsCodes = /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;
const nameCodes = /^(ENOTFOUND|EAI_)/;

/**
 * Names what went wrong with an upstream, in words that are safe to show to a client: no address, no stack. `isConnected`
 * says whether there was a connection, which tells what was refused from what was broken off.
 */
export function upstreamErrorOf(error: unknown, isConnected: boolean): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof errors.InvalidArgumentError || error instanceof errors.NotSupportedError) {
    return new AppError('client.bad_request', { detail: 'the request cannot be sent on: a part of its head is not valid', cause: error });
  }
  if (error instanceof errors.HTTPParserError || error instanceof errors.HeadersOverflowError) return notHttp(error);
  // undici has no code of its own for an answer that breaks the protocol before its end.
  if (error instanceof errors.SocketError && (error.message === 'bad response' || error.message === 'bad upgrade')) return notHttp(error);
  const code = codeOf(error);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return failed('upstream.tls', "the upstream's certificate is for another host", error);
  if (certificateCodes.test(code)) return failed('upstream.tls', `the upstream's certificate is not trusted (${code})`, error);
  if (tlsCodes.test(code)) return failed('upstream.tls', 'the upstream does not speak TLS as it should', error);
  if (isConnected) return failed('upstream.reset', 'the upstream closed the connection before the answer was complete', error);
  if (nameCodes.test(code)) return failed('upstream.unreachable', 'the name of the upstream does not resolve', error);
  return failed('upstream.unreachable', `no connection to the upstream${code === '' ? '' : ` (${code})`}`, error);
}

function notHttp(cause: Error): AppError {
  return failed('upstream.reset', 'the answer of the upstream is not valid HTTP', cause);
}

function failed(code: 'upstream.tls' | 'upstream.reset' | 'upstream.unreachable', detail: string, cause: unknown): AppError {
  return new AppError(code, { detail, cause });
}

/** Of several addresses that failed, the first that says why. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== '') ?? '';
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && !code.startsWith('UND_') ? code : '';
}
