import type { IncomingMessage } from 'node:http';
import { idPrefixes, requestIdHeader, requestIdPattern } from '@torii/contracts';
import { v7 } from 'uuid';

/** The caller's request id where it is short and harmless enough to log and echo, else one of ours. */
export function requestIdOf(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers[requestIdHeader];
  return typeof given === 'string' && requestIdPattern.test(given) ? given : `${idPrefixes.request}_${v7()}`;
}
