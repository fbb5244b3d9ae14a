import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AppError, errorCodeHeader, problemOf, requestIdHeader } from '@torii/contracts';
import type { GatewayResponse } from '../pipeline/gateway-request.js';

/** How long a body nobody will read is still taken in, so that the client gets to read the answer. */
const drainTimeoutMs = 2_000;

/** Larger bodies would be copied once more than they need be. */
const oneWriteMaxBytes = 16 * 1024;

/** Writes the whole response; what the client does with it is no longer our concern. A body that no target wanted is taken in for a while, as with a problem. */
export function writeResponse(req: IncomingMessage, res: ServerResponse, response: GatewayResponse, requestId: string): void {
  const { headers, body } = response;
  const wire = body === undefined ? undefined : wireForm(body);
  const raw: string[] = [];
  for (const name of Object.keys(headers)) addHeader(raw, name, headers[name] ?? '');
  if (wire !== undefined) raw.push('content-length', String(wire.length));
  raw.push(requestIdHeader, requestId);
  const isUnread = hasBody(req) && !req.complete;
  if (isUnread) raw.push('connection', 'close');
  res.writeHead(response.status, raw);
  res.end(wire, 'latin1');
  if (isUnread) drain(req);
}

function addHeader(raw: string[], name: string, value: string | string[]): void {
  if (typeof value === 'string') raw.push(name, value);
  else for (const one of value) raw.push(name, one);
}

/**
 * A body that node sends together with the head in one write, which it does with text alone: a text of one character per
 * byte. A large one is sent as bytes.
 */
function wireForm(body: string | Uint8Array): string | Uint8Array {
  if (body.length > oneWriteMaxBytes) return typeof body === 'string' ? Buffer.from(body) : body;
  if (typeof body !== 'string') return Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('latin1');
  return Buffer.byteLength(body) === body.length ? body : Buffer.from(body).toString('latin1');
}

/** Writes an error as problem+json. An answer that has begun cannot be changed: its connection is closed instead. */
export function writeProblem(req: IncomingMessage, res: ServerResponse, error: AppError, requestId: string): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const body = wireForm(JSON.stringify(problemOf(error, requestId)));
  const isUnread = hasBody(req) && !req.complete;
  const raw = Object.entries(error.headers).flat();
  raw.push(
    'content-type',
    'application/problem+json',
    'content-length',
    String(body.length),
    requestIdHeader,
    requestId,
    errorCodeHeader,
    error.code,
  );
  if (isUnread) raw.push('connection', 'close');
  res.writeHead(error.status, raw);
  res.end(body, 'latin1');
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
