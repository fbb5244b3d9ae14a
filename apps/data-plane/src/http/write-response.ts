import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AppError, errorCodeHeader, problemOf, requestIdHeader } from '@torii/contracts';
import { allowsBody } from '../pipeline/apply-output.js';
import type { AnyResponse, GatewayResponse } from '../pipeline/gateway-request.js';
import type { StreamedResponse } from '../upstream/streamed-response.js';
import type { UpgradedResponse } from '../upstream/upgrade-call.js';
import type { InterimAnswer } from '../upstream/upstream-request.js';
import { isLastAnswer, takeNoMore } from './connection-order.js';
import { markStreaming } from './streaming.js';

/** How long a body nobody will read is still taken in, so that the client gets to read the answer. */
const drainTimeoutMs = 2_000;

/** Larger bodies would be copied once more than they need be. */
const oneWriteMaxBytes = 16 * 1024;

/**
 * Writes the response; what the client does with it is no longer our concern. A body that no target wanted is taken in for a while, as
 * with a problem. Resolves at the end of a body that comes from an upstream, and rejects with why that broke off.
 */
export function writeResponse(
  req: IncomingMessage,
  res: ServerResponse,
  response: Exclude<AnyResponse, UpgradedResponse>,
  requestId: string,
): Promise<void> | undefined {
  if ('stream' in response) return writeStreamed(req, res, response, requestId);
  writeWhole(req, res, response, requestId);
  return undefined;
}

async function writeStreamed(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, stream }: StreamedResponse,
  requestId: string,
): Promise<void> {
  const whole = stream.whole();
  const raw: string[] = [];
  // What is announced to come after a body needs the chunked coding, and HTTP/1.0 has none.
  const isChunked = whole === undefined && req.method !== 'HEAD' && allowsBody(status) && req.httpVersion !== '1.0';
  for (const name of Object.keys(headers)) if (name !== 'trailer' || isChunked) addHeader(raw, name, headers[name] ?? '');
  raw.push(requestIdHeader, requestId);
  if (whole === undefined) {
    markStreaming(req, true);
    res.writeHead(status, raw);
    await stream.pipeTo(res);
  } else {
    const isLong = 'content-length' in headers;
    if (!isLong && req.method !== 'HEAD' && allowsBody(status)) raw.push('content-length', String(whole.length));
    res.writeHead(status, raw);
    res.end(wireForm(whole), 'latin1');
  }
  if (hasBody(req) && !req.complete) drain(req);
}

/** Tells the client that its request is at work, or what it will need (RFC 8297), where it is known to understand that and nothing is wrong with it. */
export function writeInterim(req: IncomingMessage, res: ServerResponse, { status, links }: InterimAnswer): void {
  if (req.httpVersion === '1.0' || res.headersSent) return;
  try {
    if (status === 102) res.writeProcessing();
    else res.writeEarlyHints({ link: [...links] });
  } catch {
    // node takes well-formed links alone; a hint that is lost harms nobody.
  }
}

function writeWhole(req: IncomingMessage, res: ServerResponse, response: GatewayResponse, requestId: string): void {
  const { headers, body } = response;
  const wire = body === undefined ? undefined : wireForm(body);
  const raw: string[] = [];
  for (const name of Object.keys(headers)) addHeader(raw, name, headers[name] ?? '');
  if (wire !== undefined) raw.push('content-length', String(wire.length));
  raw.push(requestIdHeader, requestId);
  const isUnread = hasBody(req) && !req.complete;
  if (isUnread) takeNoMore(req.socket);
  if (isLastAnswer(req.socket, res)) raw.push('connection', 'close');
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
  if (hasBegun(res) || res.destroyed) {
    breakOff(res);
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
  if (isUnread) takeNoMore(req.socket);
  if (isLastAnswer(req.socket, res)) raw.push('connection', 'close');
  res.writeHead(error.status, raw);
  res.end(body, 'latin1');
  if (isUnread) drain(req);
}

/** Behind an earlier answer it has no connection yet, and node would leave the one that it gets open: the client would wait for the rest. */
function breakOff(res: ServerResponse): void {
  if (res.socket === null) res.once('socket', (socket) => socket.destroy());
  res.destroy();
}

/** Whether the client has been told a status: then an error cannot tell it another. */
export function hasBegun(res: ServerResponse): boolean {
  return res.headersSent || res.statusCode === 101;
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
