import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError, idPrefixes, requestIdPattern } from '@torii/contracts';

/**
 * Throws `client.bad_request` when there are several (RFC 9112 section 3.2), as who goes by which is anybody's guess, and when there
 * is none in HTTP/1.1.
 */
export function hostOf(req: IncomingMessage): string | undefined {
  let count = 0;
  for (let index = 0; index < req.rawHeaders.length; index += 2) {
    const name = req.rawHeaders[index] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  if (count > 1) throw new AppError('client.bad_request', { detail: 'there is more than one Host header' });
  if (count === 0 && req.httpVersion !== '1.0') throw new AppError('client.bad_request', { detail: 'there is no Host header' });
  return req.headers.host;
}

/** The headers with that host in place of the one they hold: a target in absolute form overrules it (RFC 9112 section 3.2.2). */
export function withHost(rawHeaders: readonly string[], authority: string): readonly string[] {
  return rawHeaders.map((text, index) => (index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === 'host' ? authority : text));
}

/** The caller's own request id when it is safe to log and send back, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && requestIdPattern.test(header) ? header : `${idPrefixes.request}_${randomUUID()}`;
}
