import { randomUUID } from 'node:crypto';
import { idPrefixes } from '@torii/contracts';

const acceptable = /^[A-Za-z0-9._-]{1,64}$/;

/** The caller's own request id when it is safe to log and send back, else a new one. */
export function requestIdOf(header: string | string[] | undefined): string {
  return typeof header === 'string' && acceptable.test(header) ? header : `${idPrefixes.request}_${randomUUID()}`;
}
