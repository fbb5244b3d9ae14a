import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { AppError, idPrefixes } from '@torii/contracts';

const acceptable = /^[A-Za-z0-9._-]{1,64}$/;

/** Throws `client.bad_request` when there are several (RFC 9112 section 3.2): who goes by which is anybody's guess. */
export function hostOf(req: IncomingMessage): string | undefined {
  const names = req.rawHeaders.filter((text, index) => index % 2 === 0 && text.length === 4 && text.toLowerCase() === 'host');
  if (names.length > 1) throw new AppError('client.bad_request', { detail: 'there is more than one Host header' });
  return req.headers.host;
}

/** The caller's own request id when it is safe to log and send back, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && acceptable.test(header) ? header : `${idPrefixes.request}_${randomUUID()}`;
}
