import { debugHeader, errorCodeHeader, reportHeader, requestIdHeader } from '@torii/contracts';
import { connectionOptions } from './hop-headers.js';

type RawHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** Headers of the connection (RFC 9110 section 7.6.1), and those by which clients tell our answers from an upstream's. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  debugHeader,
  errorCodeHeader,
  reportHeader,
  requestIdHeader,
]);

/** The headers that a client gets of an answer, names in lower case. */
export function incomingHeaders(status: number, raw: RawHeaders): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  const named = raw.connection === undefined ? undefined : connectionOptions([raw.connection].flat().join(','));
  // Trailers need the chunked coding, which a length rules out.
  const isLong = raw['content-length'] !== undefined;
  // RFC 9110 section 8.6.
  const hasNoLength = status === 204;
  for (const name in raw) {
    const value = raw[name];
    if (value === undefined || dropped.has(name) || named?.has(name) === true) continue;
    if ((name === 'trailer' && isLong) || (name === 'content-length' && hasNoLength)) continue;
    headers[name] = value;
  }
  return headers;
}
