import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AppError, errorCodeHeader, problemOf, requestIdHeader } from '@torii/contracts';
import type { GatewayResponse } from '../pipeline/gateway-request.js';

/** How long a body nobody will read is still taken in, so that the client gets to read the answer. */
const drainTimeoutMs = 2_000;

/** Writes the whole response; what the client does with it is no longer our concern. */
export function writeResponse(res: ServerResponse, response: GatewayResponse, requestId: string): void {
  const { body } = response;
  res.writeHead(response.status, {
    ...response.headers,
    ...(body === undefined ? {} : { 'content-length': typeof body === 'string' ? Buffer.byteLength(body) : body.length }),
    [requestIdHeader]: requestId,
  });
  res.end(body);
}

/** Writes an error as problem+json. An answer that has begun cannot be changed: its connection is closed instead. */
export function writeProblem(req: IncomingMessage, res: ServerResponse, error: AppError, requestId: string): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const body = JSON.stringify(problemOf(error, requestId));
  const isUnread = hasBody(req) && !req.complete;
  res.writeHead(error.status, {
    ...error.headers,
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    [requestIdHeader]: requestId,
    [errorCodeHeader]: error.code,
    ...(isUnread ? { connection: 'close' } : {}),
  });
  res.end(body);
  if (isUnread) drain(req);
}

export function hasBody(req: IncomingMessage): boolean {
  return req.headers['transfer-encoding'] !== undefined || (req.headers['content-length'] ?? '0') !== '0';
}

/** Closing while the client still sends would reset the connection, and the answer with it. */
function drain(req: IncomingMessage): void {
  const timer = setTimeout(() => req.destroy(), drainTimeoutMs);
  timer.unref();
  req.once('close', () => clearTimeout(timer));
  req.resume();
}
